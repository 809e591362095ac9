"""What is made up about real devices is plausible and always the same."""

import pytest

from eventworx.demo.luminaires import TRADES, luminaires, read_table, restricted_gtin, with_check_digit


@pytest.mark.parametrize("gtin", ["4006381333931", "9780306406157", "73513537", "614141000036"])
def test_check_digit_of_real_codes(gtin: str) -> None:
    assert with_check_digit(gtin[:-1]) == gtin


def test_codes_are_made_from_the_name_alone() -> None:
    assert restricted_gtin("Robe Robin LEDBeam 150") == "2973958052378"


def test_every_device_becomes_an_article() -> None:
    rows = list(luminaires())
    assert [row.number for row in (rows[0], rows[-1])] == ["L-0001", "L-0627"]
    assert len({row.name for row in rows}) == 627
    assert {row.category for row in rows} == {f"Licht/{name}" for name, _base, _per_watt in TRADES.values()}
    assert all(2 <= int(row.owned) <= 60 for row in rows)
    assert all(4 <= float(row.price) <= 250 for row in rows)


@pytest.mark.parametrize("name", ["aurora.csv", "bassline.csv", "cymbal.csv"])
def test_tables_name_no_article_twice_and_hold_valid_codes(name: str) -> None:
    rows = list(read_table(name))
    assert len({row["number"] for row in rows}) == len({row["name"] for row in rows}) == len(rows)
    for gtin in filter(None, (row["gtin"] for row in rows)):
        assert gtin[0] == "2"
        assert with_check_digit(gtin[:-1]) == gtin
