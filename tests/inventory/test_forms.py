"""Forms of articles, categories, scales and movements as people fill them in German."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.articles import update_article
from inventory.categories import create_category, update_category
from inventory.prices import steps_of
from inventory.scales import create_scale, update_scale
from tests.crowd import somebody_waits
from tests.factories import make_article, make_category
from tests.inventory.pages import BLANK, NOW, ONE, LogIn, shown, shown_before, shown_refusal

pytestmark = pytest.mark.usefixtures("noon")


def steps(*rows: tuple[str, str], **fields: str) -> dict[str, str]:
    typed = {
        "name": "Licht",
        "extra_day_factor": "0,25",
        "steps-TOTAL_FORMS": str(len(rows)),
        "steps-INITIAL_FORMS": "0",
    }
    for number, (days, factor) in enumerate(rows):
        typed |= {f"steps-{number}-days": days, f"steps-{number}-factor": factor}
    return typed | fields


def test_an_article_is_made_as_germans_write(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora, Role.WAREHOUSE)
    typed = BLANK | {"rental_price": "1.234,50", "weight_kg": "0,125", "gtin": "40 06381 33393 1", "owned": "12"}
    answer = client.post(aurora.url("inventory:article_create"), typed)
    article = aurora.articles.get()
    assert answer["Location"] == aurora.url("inventory:article", article.pk)
    assert (article.rental_price, article.weight_kg) == (Decimal("1234.50"), Decimal("0.125"))
    assert (article.number, article.gtin, article.owned, article.unit) == ("A-10001", "4006381333931", 12, "Stück")
    page = shown(client, aurora.url("inventory:article_edit", article.pk))
    assert 'value="1.234,50"' in page or 'value="1234,50"' in page
    assert "0,125 kg" in page or 'value="0,125"' in page


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"name": ""}, "name", "Dieses Feld ist zwingend erforderlich."),
        ({"number": "X1"}, "number", "Es gibt schon einen Artikel mit der Nummer „X1“."),
        ({"gtin": "4006381333932"}, "gtin", "Das ist keine GTIN"),
        ({"rental_price": "-1"}, "rental_price", "größer oder gleich 0"),
        ({"rental_price": "zehn"}, "rental_price", "Bitte eine Zahl eingeben"),
        ({"owned": "1000000"}, "owned", "kleiner oder gleich 999999"),
        ({"owned": "1,5"}, "owned", "Bitte eine ganze Zahl eingeben"),
        ({"buffer_after_minutes": "43201"}, "buffer_after_minutes", "kleiner oder gleich 43200"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_input_gets_a_sentence_at_the_field_and_changes_nothing(
    aurora: Tenant, log_in: LogIn, typed: dict[str, str], field: str, sentence: str
) -> None:
    make_article(aurora, number="X1")
    client = log_in(aurora)
    for article in (None, make_article(aurora, "Alt", number="X2")):
        name, pks = ("article_edit", [article.pk]) if article else ("article_create", [])
        before = list(aurora.articles.order_by("pk").values())
        page = shown_refusal(client, aurora.url(f"inventory:{name}", *pks), BLANK | {"number": "X2"} | typed)
        error = page[page.index(f'id="id_{field}_error"') :]
        assert sentence in error[:300]
        assert list(aurora.articles.order_by("pk").values()) == before


def test_what_nobody_touched_on_a_page_from_before_stays_as_it_is_by_now(aurora: Tenant, log_in: LogIn) -> None:
    """A list of prices comes in, and some are sold, while somebody writes a description."""
    article, client = make_article(aurora, "PAR 64", owned=10, weight_kg=Decimal("1.125")), log_in(aurora)
    url = aurora.url("inventory:article_edit", article.pk)
    answer = client.get(url)
    before = dict(re.findall(r'name="((?:initial|seen)[a-z_-]+)"(?: value="([^"]*)")?', answer.content.decode()))
    shown_values = {field.name: field.value() for field in answer.context["form"]}
    typed = {name: value for name, value in shown_values.items() if value is not None}
    typed |= {"rental_price": "10,00", "weight_kg": "1,125", "description": "Kurz", **before}
    update_article(article=article, number=article.number, rental_price=Decimal(12), owned=7, weight_kg=None)
    assert client.post(url, typed).status_code == 302
    article.refresh_from_db()
    assert (article.description, article.rental_price, article.owned, article.weight_kg) == ("Kurz", 12, 7, None)
    assert client.post(url, typed | {"rental_price": "11,00"}).status_code == 302
    article.refresh_from_db()
    assert (article.rental_price, article.owned, article.number) == (11, 7, typed["number"])


def test_a_category_moved_meanwhile_stays_where_it_is_when_it_is_renamed(aurora: Tenant, log_in: LogIn) -> None:
    client, (light, spots) = log_in(aurora), [make_category(aurora, name) for name in ("Licht", "Spots")]
    url = aurora.url("inventory:category_edit", spots.pk)
    before = shown_before(client, url)
    update_category(category=spots, name="Spots", parent=light)
    for typed, now in (
        ({"name": "Strahler", "parent": ""}, ("Strahler", light)),
        (
            {"name": "Spots", "parent": "", "initial-parent": str(light.pk)},
            ("Strahler", None),
        ),
    ):
        assert client.post(url, before | typed).status_code == 302
        spots = aurora.categories.get(pk=spots.pk)
        assert (spots.name, spots.parent) == now


def test_factors_changed_meanwhile_stay_when_a_scale_is_renamed(aurora: Tenant, log_in: LogIn) -> None:
    """Its steps are one whole: who changes one has meant the others as he saw them."""
    client, new = log_in(aurora), [(1, ONE), (3, Decimal("1.75"))]
    scale = create_scale(tenant=aurora, name="Licht", steps=[(1, ONE), (3, ONE * 2)], extra_day_factor=ONE)
    url = aurora.url("inventory:scale_edit", scale.pk)
    before = shown_before(client, url)
    rows = [("1", "1"), ("3", "2"), ("", ""), ("", ""), ("", "")]
    page = before | steps(*rows, extra_day_factor="1") | {"steps-INITIAL_FORMS": "2"}
    update_scale(scale=scale, name="Licht", steps=new, extra_day_factor=Decimal("0.5"))
    assert client.post(url, page | {"name": "Ton"}).status_code == 302
    scale.refresh_from_db()
    assert (scale.name, steps_of(scale.steps), scale.extra_day_factor) == ("Ton", (*new,), Decimal("0.5"))
    assert client.post(url, page | {"steps-2-days": "5", "steps-2-factor": "3"}).status_code == 302
    scale.refresh_from_db()
    assert (scale.name, [days for days, _ in steps_of(scale.steps)]) == ("Ton", [1, 3, 5])
    assert steps_of(scale.steps)[1] == (3, ONE * 2)
    page |= {f"steps-{row}-{name}": "" for row in range(2) for name in ("days", "factor")}
    assert "mindestens eine Stufe" in shown_refusal(client, url, page)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_renames_a_category_while_it_is_being_moved_does_not_move_it_back(aurora: Tenant, log_in: LogIn) -> None:
    """What partners see hangs on where it lies; the other request has read that before, and waits."""
    light, spots = (create_category(tenant=aurora, name=name) for name in ("Licht", "Spots"))
    client, url = log_in(aurora, Role.WAREHOUSE), aurora.url("inventory:category_edit", spots.pk)
    before = shown_before(client, url)

    def rename() -> int:
        try:
            return client.post(url, before | {"name": "Scheinwerfer", "parent": ""}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as crowd:
        with transaction.atomic():
            update_category(category=spots, name="Spots", parent=light)
            saved = crowd.submit(rename)
            while not somebody_waits():
                assert not saved.done()
        assert saved.result() == 302
    spots.refresh_from_db()
    assert (spots.name, spots.parent) == ("Scheinwerfer", light)


def test_controls_and_blanks_are_spaces_where_texts_are_kept_and_no_number_differs_by_them_alone(
    aurora: Tenant, log_in: LogIn
) -> None:
    old, client, url = make_article(aurora, number="B\t2.1"), log_in(aurora), aurora.url("inventory:article_create")
    typed = {"name": "PAR\t\x0264", "number": "A\xa0\t1", "manufacturer": "Robe  Lighting", "unit": "m\x9f"}
    typed |= {"gtin": "4006381\x07333931", "description": "a\tb\r\n c\x07"}
    assert client.post(url, BLANK | typed).status_code == 302
    kept = aurora.articles.exclude(pk=old.pk).values_list(
        "name", "number", "manufacturer", "unit", "gtin", "description"
    )
    assert [*kept] == [("PAR 64", "A 1", "Robe Lighting", "m", "4006381333931", "a\tb\n c")]
    for number in ("A \t 1", "A\x071", "B 2.1"):
        refused = shown_refusal(client, url, BLANK | {"number": number})
        assert "Es gibt schon einen Artikel mit der Nummer" in refused
    assert client.post(url, BLANK | {"number": "B 2-1"}).status_code == 302
    update_article(article=old, number="B\t2.1", name="x")
    old.refresh_from_db()
    assert old.number == "B 2.1"


@pytest.mark.parametrize(
    ("name", "given"),
    [("article_create", BLANK), ("category_create", {}), ("scale_create", steps(("1", "1")))],
)
def test_a_name_of_nothing_but_control_characters_is_refused_at_its_field(
    aurora: Tenant, log_in: LogIn, name: str, given: dict[str, str]
) -> None:
    answer = log_in(aurora).post(aurora.url(f"inventory:{name}"), given | {"name": "\x07\x1b"})
    assert answer.context["form"].errors["name"] == ["Darin stehen Zeichen, die nicht lesbar sind."]


def test_categories_and_scales_of_others_cannot_be_chosen(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    scale = create_scale(tenant=cymbal, name="Fremd", steps=[(1, ONE)], extra_day_factor=ONE)
    category = make_category(cymbal, "Fremd")
    for typed in ({"category": str(category.pk)}, {"factor_scale": str(scale.pk)}):
        answer = log_in(aurora).post(aurora.url("inventory:article_create"), BLANK | typed)
        assert "invalid-feedback" in answer.content.decode()
        assert "Fremd" not in answer.content.decode()
    log_in(aurora).post(aurora.url("inventory:category_create"), {"name": "Licht", "parent": str(category.pk)})
    assert not aurora.articles.exists()
    assert not aurora.categories.exists()


def test_archiving_and_bringing_back(aurora: Tenant, log_in: LogIn) -> None:
    article, client = make_article(aurora), log_in(aurora)
    url = aurora.url("inventory:article_archive", article.pk)
    client.post(url, {"archived": "1"})
    assert aurora.articles.get().archived_at == NOW
    assert "Archiviert" in shown(client, aurora.url("inventory:article", article.pk))
    client.post(url, {"archived": ""})
    assert aurora.articles.get().archived_at is None


def test_times_of_a_movement_are_those_of_the_tenant(aurora: Tenant, log_in: LogIn) -> None:
    article, client = make_article(aurora), log_in(aurora)
    typed = {"kind": "out_of_service", "quantity": "2", "start": "2027-07-01T08:00", "end": "2027-07-02T08:00"}
    url = aurora.url("inventory:movement_create", article.pk)
    for wrong in ({"end": "2027-07-01T08:00"}, {"start": "0001-01-01T00:00"}, {"end": "9999-12-31T23:59"}):
        assert "invalid-feedback" in shown_refusal(client, url, typed | wrong)
    assert not aurora.stock_movements.exists()
    client.post(url, typed)
    row = aurora.stock_movements.get()
    assert (row.start, row.end) == (datetime(2027, 7, 1, 6, tzinfo=UTC), datetime(2027, 7, 2, 6, tzinfo=UTC))
    client.post(aurora.url("inventory:movement_delete", article.pk, row.pk))
    assert not aurora.stock_movements.exists()


def test_of_the_hour_that_comes_twice_the_first_is_meant_and_one_that_never_comes_is_none(
    aurora: Tenant, log_in: LogIn
) -> None:
    article, client = make_article(aurora, owned=4), log_in(aurora)
    url = aurora.url("inventory:movement_create", article.pk)
    typed = {"kind": "addition", "quantity": "1", "start": "2027-10-31T02:30", "end": "2027-10-31T03:00"}
    assert client.post(url, typed).status_code == 302
    row = aurora.stock_movements.get()
    first = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert (row.start, row.end) == (first, first + timedelta(minutes=90))
    assert "Diese Uhrzeit gibt es nicht" in shown_refusal(client, url, typed | {"start": "2027-03-28T02:30"})


def test_categories_are_kept(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora)
    create, top = aurora.url("inventory:category_create"), create_category(tenant=aurora, name="Licht")
    client.post(create, {"name": "Spots", "parent": str(top.pk)})
    inner = aurora.categories.get(name="Spots")
    assert inner.parent == top
    assert f'<option value="{top.pk}" selected>' in shown(client, create, query_params={"parent": str(top.pk)})
    edit = aurora.url("inventory:category_edit", top.pk)
    refused = shown_refusal(client, edit, {"name": "Licht", "parent": str(inner.pk)})
    assert "Eine Kategorie kann nicht unter sich selbst liegen." in refused
    client.post(edit, {"name": "Beleuchtung", "parent": ""})
    assert "<div>\N{EM SPACE}<a" in client.get(aurora.url("inventory:categories")).content.decode()
    assert aurora.categories.filter(name="Beleuchtung").exists()


def test_scales_are_kept(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora)
    client.post(aurora.url("inventory:scale_create"), steps(("3", "1,75"), ("", ""), ("1", "1")))
    scale = aurora.factor_scales.get()
    assert scale.steps == [{"days": 1, "factor": "1"}, {"days": 3, "factor": "1.75"}]
    assert scale.extra_day_factor == Decimal("0.25")
    page = shown(client, aurora.url("inventory:scales"))
    assert "1 Tag: 1 · 3 Tage: 1,75" in page
    edit = aurora.url("inventory:scale_edit", scale.pk)
    assert 'value="1,75"' in shown(client, edit)
    client.post(edit, steps(("1", "1"), ("", ""), name="Ton"))
    scale.refresh_from_db()
    assert (scale.name, scale.steps) == ("Ton", [{"days": 1, "factor": "1"}])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (steps(), "Eine Faktorstaffel braucht mindestens eine Stufe"),
        (steps(("", ""), ("", "")), "Eine Faktorstaffel braucht mindestens eine Stufe"),
        (steps(("1", "1"), ("1", "2")), "Für 1 Tag gibt es zwei Faktoren."),
        (steps(("1", "")), "Das fehlt noch."),
        (steps(("", "2")), "Das fehlt noch."),
        (steps(("0", "1")), "größer oder gleich 1"),
        (steps(("1", "-1")), "größer oder gleich 0"),
        (steps(("1", "eins")), "Bitte eine Zahl eingeben"),
        (steps(*((str(days), "1") for days in range(1, 102))), "höchstens 100"),
        (steps(("1", "1"), name=""), "Dieses Feld ist zwingend erforderlich."),
        (steps(("1", "1"), name="Ton"), "Es gibt schon eine Faktorstaffel „Ton“."),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_what_is_no_scale_gets_a_sentence(aurora: Tenant, log_in: LogIn, typed: dict[str, str], sentence: str) -> None:
    create_scale(tenant=aurora, name="Ton", steps=[(1, ONE)], extra_day_factor=ONE)
    assert sentence in shown_refusal(log_in(aurora), aurora.url("inventory:scale_create"), typed)
    assert aurora.factor_scales.count() == 1
