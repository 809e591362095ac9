"""Template tags and filters: what a page writes, in both languages."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django import forms
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import SafeString

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.web.templatetags.ewx import day, field, icon, local, may, money, period, tenant_url, unbroken, unit_price
from tests.factories import make_user
from tests.source import APPS, ROOT


def at(day: int, hour: int, month: int = 7, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "german", "english"),
    [
        ("1234.5", "EUR", "1.234,50 €", "€1,234.50"),
        ("-0.005", "EUR", "-0,01 €", "-€0.01"),
        ("1234567", "JPY", "1.234.567 JPY", "JPY 1,234,567"),
        ("9.5", "CHF", "9,50 CHF", "CHF 9.50"),
    ],
)
def test_money(amount: str, currency: str, german: str, english: str) -> None:
    with translation.override("de"):
        assert money(Decimal(amount), currency).replace("\xa0", " ") == german
    with translation.override("en"):
        assert money(Decimal(amount), currency).replace("\xa0", " ") == english
    assert money(None, currency) == unit_price(None, currency) == "–"


@pytest.mark.parametrize(
    ("price", "currency", "german"),
    [
        ("0.333333", "EUR", "0,333333 €"),
        ("0.004", "EUR", "0,004 €"),
        ("0.004000", "EUR", "0,004 €"),
        ("1234.500000", "EUR", "1.234,50 €"),
        ("0.000000", "EUR", "0,00 €"),
        ("1E+3", "EUR", "1.000,00 €"),
        ("9.5", "JPY", "9,5 JPY"),
    ],
)
def test_the_price_of_a_unit_has_all_its_digits(price: str, currency: str, german: str) -> None:
    assert unit_price(Decimal(price), currency).replace("\xa0", " ") == german


@pytest.mark.parametrize(
    ("value", "german", "english"),
    [
        (
            Period(at(1, 6), at(4, 18)),
            "Do 01.07.2027 08:00 – So 04.07. 20:00",
            "Thu 1 Jul 2027 08:00 – Sun 4 Jul 20:00",
        ),
        (Period(at(1, 6), at(1, 18)), "Do 01.07.2027 08:00 – 20:00", "Thu 1 Jul 2027 08:00 – 20:00"),
        (
            Period(at(31, 8, 12), at(1, 8, 1, 2028)),
            "Fr 31.12.2027 09:00 – Sa 01.01.2028 09:00",
            "Fri 31 Dec 2027 09:00 – Sat 1 Jan 2028 09:00",
        ),
        (
            Period(datetime(2027, 6, 30, 22, tzinfo=UTC), at(4, 22)),
            "Do 01.07.2027 – So 04.07.",
            "Thu 1 Jul 2027 – Sun 4 Jul",
        ),
        (Period(at(3, 22), at(4, 22)), "So 04.07.2027", "Sun 4 Jul 2027"),
    ],
)
def test_period(value: Period, german: str, english: str) -> None:
    tenant = Tenant(time_zone="Europe/Berlin")
    with translation.override("de"):
        assert period(value, tenant).replace("\xa0", " ") == german
    with translation.override("en"):
        assert period(value, tenant).replace("\xa0", " ") == english
    assert period(None, tenant) == "–"


def test_period_breaks_at_the_dash_only() -> None:
    assert len(period(Period(at(1, 6), at(4, 18)), Tenant()).split(" ")) == 3


def test_instant_in_the_tenants_zone() -> None:
    with translation.override("de"):
        assert local(at(1, 23), Tenant(time_zone="Europe/Berlin")) == "02.07.2027 01:00"
        assert local(at(1, 23), Tenant(time_zone="America/New_York")) == "01.07.2027 19:00"
    assert local(None, Tenant()) == "–"


@pytest.mark.parametrize(("language", "written"), [("de", "01.07.2027"), ("en", "1 Jul 2027")])
def test_a_day_is_never_taken_for_a_month(language: str, written: str) -> None:
    with translation.override(language):
        assert day(at(1, 12).date()) == written
        assert day(None) == "–"


def test_dates_are_written_by_our_filters_alone() -> None:
    """Django's own short formats are American in English."""
    texts = {path: path.read_text() for path in (ROOT / "templates").rglob("*.*")}
    assert [path for path, text in texts.items() if re.search(r"\|(date|time)\b", text)] == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Im Job J-8: <weg>", 'Im Job <span class="text-nowrap">J-8</span>: &lt;weg&gt;'),
        (SafeString('<a href="/J-8">B-1</a> &amp;'), '<a href="/J-8"><span class="text-nowrap">B-1</span></a> &amp;'),
        ("X-Ray, 12-3, abc-4", "X-Ray, 12-3, abc-4"),
    ],
)
def test_a_number_stays_in_one_line(text: str, html: str) -> None:
    assert unbroken(text) == html


class Sample(forms.Form):
    name = forms.CharField(help_text="As on the sign.", max_length=5)
    agreed = forms.BooleanField(required=False)
    colour = forms.ChoiceField(choices=[("r", "Red"), ("g", "Green")], widget=forms.RadioSelect)
    size = forms.ChoiceField(choices=[("s", "Small")])


def test_field_ties_label_help_and_error_together() -> None:
    html = field(Sample({"name": "too long"})["name"], autofocus=True)
    assert '<label class="form-label" for="id_name">Name' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="form-control is-invalid"' in html
    assert " autofocus" in html
    assert 'id="id_name_error"' in html


def test_the_first_error_has_the_focus() -> None:
    """Whatever has it otherwise: who types on begins where something is to be mended."""
    form = Sample({"name": "short"})
    assert [" autofocus" in field(form[name], autofocus=True) for name in form.fields] == [False, False, True, False]


def test_field_of_each_kind() -> None:
    form = Sample()
    assert 'class="form-check-input"' in field(form["agreed"])
    assert 'class="form-select"' in field(form["size"])
    group = field(form["colour"])
    assert "<legend>Colour" in group
    assert group.count('<label class="form-check-label" for="id_colour_') == 2
    assert "invalid-feedback" not in group


def test_links_and_rights(aurora: Tenant) -> None:
    request = RequestFactory().get("/")
    request.tenant = aurora  # type: ignore[attr-defined]
    assert tenant_url({"request": request}, "messaging:message", 7) == "/aurora/inbox/7/"
    sales = make_user(aurora).memberships.get()
    assert (may(sales, "edit_jobs"), may(sales, "manage_tenant"), may(None, "edit_jobs")) == (True, False, False)


SPRITE = (ROOT / "eventworx/web/static/ewx/icons.svg").read_text(encoding="utf-8")


def named_icons() -> set[str]:
    folders = [ROOT / "templates", *(ROOT / app for app in APPS)]
    templates = [page.read_text(encoding="utf-8") for folder in folders for page in folder.rglob("*.html")]
    named = re.compile(r"""{% icon "([a-z-]+)"|nav_item "[^"]+" \w+ "([a-z-]+)"|icon="([a-z-]+)\"""")
    return {name for text in templates for found in named.findall(text) for name in found if name}


def test_sprite_holds_the_icons_used_and_no_others() -> None:
    assert named_icons() == set(re.findall(r'<symbol id="([a-z-]+)"', SPRITE))


def test_icon_is_decoration() -> None:
    assert icon("truck") == (
        '<svg class="ewx-icon " aria-hidden="true" focusable="false">'
        '<use href="/static/ewx/icons.svg#truck"></use></svg>'
    )


def test_keys_in_attributes_are_not_grouped_like_numbers() -> None:
    """1000 would become "1.000": `{% tenant_url … %}` and `|unlocalize` leave a key alone."""
    printed = re.compile(r'(?:value|href)="[^"]*\{\{\s*[\w.]*(?:pk|_id)\s*\}\}')
    pages = [page for page in (ROOT / "templates").rglob("*.html") if printed.search(page.read_text(encoding="utf-8"))]
    assert [str(page.relative_to(ROOT)) for page in pages] == []
