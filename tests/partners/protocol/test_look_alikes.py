"""Hosts that are taken for others (security.md row 6): the list of homoglyphs, and ordinary neighbours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.protocol.look_alikes import Oddity, oddities, shown_host
from tests.partners.protocol.strategies import moderate

DOMAIN = "bassline.example"


def punycode(host: str) -> str:
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in host.split(".")
    )


# As an attacker registers them: each looks like bassline.example.
LOOK_ALIKES = """
bаssline.example basslіne.example bassliпe.example basslinе.example ваssline.example baѕsline.example bassⅼine.example
bɑssline.example bassline.exаmple bassIine.example bass1ine.example basslıne.example bässline.example bassłine.example
bαssline.example basslιne.example bassliηe.example bässlíne.example bassligne.example basline.example basslnie.example
basslinee.example bass-line.example ЬaѕsІine.example bassӏіne.example rent.bаssline.example shop.bass1ine.example
""".split()  # fmt: skip


@pytest.mark.parametrize("host", LOOK_ALIKES)
def test_a_look_alike_is_said_to_be_one(host: str) -> None:
    assert oddities(punycode(host.lower()), DOMAIN)[:2] in [
        (Oddity.ALIKE,),
        (Oddity.MIXED, Oddity.ALIKE),
        (Oddity.ALIKE, Oddity.INTERNATIONAL),
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("bassline.example", ()),
        ("rent.bassline.example", ()),
        ("ewx.rent.bassline.example", ()),
        ("bassline.example.evil.test", (Oddity.CONTAINS,)),
        ("bassline-rental.test", (Oddity.CONTAINS,)),
        ("bassline.test", (Oddity.CONTAINS,)),
        ("bass1ine-login.test", (Oddity.CONTAINS,)),
        ("eventworx-hosting.test", (Oddity.FOREIGN,)),
        ("203.0.113.9", (Oddity.FOREIGN,)),
        ("xn--mnchen-licht-dlb.test", (Oddity.FOREIGN, Oddity.INTERNATIONAL)),
        (punycode("свет.example"), (Oddity.FOREIGN, Oddity.INTERNATIONAL)),
        (punycode("照明レンタル.example"), (Oddity.FOREIGN, Oddity.INTERNATIONAL)),
    ],
)
def test_neighbours(host: str, expected: tuple[Oddity, ...]) -> None:
    assert oddities(host, DOMAIN) == expected


def test_an_international_domain_of_its_own_is_none() -> None:
    assert oddities("xn--bhne-0ra.example", "bühne.example") == (Oddity.INTERNATIONAL,)
    assert oddities("rent.xn--bhne-0ra.example", "xn--bhne-0ra.example") == (Oddity.INTERNATIONAL,)


def test_without_a_mail_domain_only_the_host_counts() -> None:
    assert oddities("rent.example", "") == ()
    assert oddities(punycode("bаssline.example"), "") == (Oddity.MIXED, Oddity.INTERNATIONAL)


@pytest.mark.parametrize(("short", "other"), [("ab.example", "abc.example"), ("lux.example", "luxor.example")])
def test_short_names_are_near_each_other_by_chance(short: str, other: str) -> None:
    assert oddities(other, short) == (Oddity.FOREIGN,)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("rent.example", "rent.example"),
        ("xn--bhne-0ra.example", "bühne.example"),
        (punycode("bаssline.example"), "bаssline.example"),
        ("xn--.example", "xn--.example"),
        ("xn--99999999999.example", "xn--99999999999.example"),
        (punycode("a\u202eb.example"), punycode("a\u202eb.example")),  # turns the direction
        (punycode("a\u200bb.example"), punycode("a\u200bb.example")),  # has no width
        (punycode("a⁄b.example"), punycode("a⁄b.example")),  # looks like a path
        (punycode("a．b.example"), punycode("a．b.example")),  # looks like another domain
    ],
)
def test_the_host_as_people_read_it(host: str, shown: str) -> None:
    assert shown_host(host) == shown


@moderate
@given(host=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60), domain=st.text(max_size=40))
def test_whatever_stands_there_is_judged(host: str, domain: str) -> None:
    assert isinstance(oddities(host, domain), tuple)
    assert shown_host(host)[:0] == ""
