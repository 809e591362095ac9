"""Template tags and filters that every page uses: `{% load ewx %}`."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms, template
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.formats import date_format, number_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language

from eventworx.money import currency_digits, price_digits, rounded
from eventworx.periods import Period
from eventworx.tenants.models import Membership, Tenant
from eventworx.tenants.roles import Permission

register = template.Library()

GAP = "\N{NO-BREAK SPACE}"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
DAY = {"de": "D d.m.", "en": "D j M"}
DAY_AND_YEAR = {"de": "D d.m.Y", "en": "D j M Y"}
DATE = {"de": "d.m.Y", "en": "j M Y"}
INSTANT = {"de": "d.m.Y H:i", "en": "j M Y H:i"}
NOTHING = "–"
NUMBERED = re.compile(r"\b[A-Z]{1,3}-\d{1,9}\b(?![^<>]*>)")  # not within a tag


@register.filter
def may(membership: Membership | None, permission: str) -> bool:
    """Whether to offer something: `{% if request.membership|may:"edit_jobs" %}`. The view decides for itself."""
    return membership is not None and membership.may(Permission(permission))


@register.simple_tag(takes_context=True)
def tenant_url(context: Context, name: str, *args: Any) -> str:
    """Path of a page of the current tenant: `{% tenant_url 'jobs:detail' job.pk %}`."""
    tenant: Tenant = context["request"].tenant
    return tenant.url(name, *args)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A decorative icon of the sprite; whoever shows it alone names its button."""
    return format_html(
        '<svg class="ewx-icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra,
        static("ewx/icons.svg"),
        name,
    )


@register.inclusion_tag("shell/_nav_item.html", takes_context=True)
def nav_item(
    context: Context, name: str, label: str, icon: str, key: str = "", count: int = 0, exact: bool = False
) -> dict[str, Any]:
    """A link of the main menu; current while the page's path lies below it (`exact`: is it)."""
    url = tenant_url(context, name)
    path: str = context["request"].path
    current = path == url if exact else path.startswith(url)
    return {"url": url, "label": label, "icon": icon, "key": key, "count": count, "current": current}


@register.simple_tag
def field(bound: forms.BoundField, **attrs: Any) -> str:
    """Label, control, help and errors of a form field, tied together for screen readers.

    Further arguments become attributes of the control: `{% field form.name autofocus=True %}`; of a form that was
    refused the first field with an error has the focus instead.
    """
    widget = bound.field.widget
    wrong = [name for name in bound.form.fields if name in bound.form.errors]
    if wrong:
        attrs["autofocus"] = bound.name == wrong[0]
    if bound.is_hidden:
        return str(bound.as_widget(attrs=attrs))
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        widget.attrs = {"class": "form-check-input"} | widget.attrs | attrs
        return _render_field(bound, "group", "")
    kind = "check" if isinstance(widget, forms.CheckboxInput) else "line"
    control = bound.as_widget(attrs={"class": _css_class(bound)} | attrs)
    if bound.field.show_hidden_initial:
        control += bound.as_hidden(only_initial=True)
    return _render_field(bound, kind, control)


def _css_class(bound: forms.BoundField) -> str:
    widget = bound.field.widget
    base = "form-control"
    if isinstance(widget, forms.CheckboxInput):
        base = "form-check-input"
    elif isinstance(widget, forms.Select):
        base = "form-select"
    given = widget.attrs.get("class", "")
    return " ".join(part for part in (base, given, "is-invalid" if bound.errors else "") if part)


def _render_field(bound: forms.BoundField, kind: str, control: str) -> str:
    names = {"_helptext": bool(bound.help_text), "_error": bool(bound.errors)}
    describedby = " ".join(f"{bound.auto_id}{suffix}" for suffix, present in names.items() if present)
    return render_to_string(
        "components/_field.html", {"bound": bound, "kind": kind, "control": control, "describedby": describedby}
    )


@register.filter
def unbroken(text: str) -> SafeString:
    """Text in which every number of a document, such as "J-8", stays in one line."""
    return SafeString(NUMBERED.sub(r'<span class="text-nowrap">\g<0></span>', conditional_escape(text)))


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """`1234.5` in EUR as "1.234,50 €" or "€1,234.50" (with a no-break space); "–" for None."""
    return NOTHING if amount is None else _money(rounded(amount, currency), currency_digits(currency), currency)


@register.filter
def unit_price(price: Decimal | None, currency: str) -> str:
    """As `money`, with all the digits the price of one unit has: "0,3333 €"; from less no sum would follow."""
    return NOTHING if price is None else _money(price, price_digits(price, currency), currency)


def _money(amount: Decimal, after_point: int, currency: str) -> str:
    digits = number_format(amount, after_point, force_grouping=True)
    symbol = SYMBOLS.get(currency, currency)
    if _language() == "de":
        return f"{digits}{GAP}{symbol}"
    sign, digits = ("-", digits[1:]) if digits.startswith("-") else ("", digits)
    return f"{sign}{symbol}{'' if symbol != currency else GAP}{digits}"


@register.filter
def local(instant: datetime | None, tenant: Tenant | None = None) -> str:
    """An instant in the tenant's time zone, or the installation's: "01.07.2027 08:00"; "–" for None."""
    return _in_zone(instant, tenant, INSTANT) if instant else NOTHING


@register.filter(expects_localtime=True)
def day(value: date | None) -> str:
    """A day, of an instant that in the installation's time zone: "01.07.2027" or "1 Jul 2027"; "–" for None."""
    return date_format(value, DATE[_language()]) if value else NOTHING


@register.filter
def period(value: Period | None, tenant: Tenant) -> str:
    """A period in the tenant's time zone: "Do 01.07.2027 08:00 – So 04.07. 20:00".

    The year stands twice only where it changes, the day once where the period ends on it; whole
    days go without times and name the last day that belongs to them. Lines break at the dash only.
    """
    if value is None:
        return NOTHING
    start, end = value.start.astimezone(tenant.zone), value.end.astimezone(tenant.zone)
    sides = _whole_days(start, end) if _at_midnight(start, end) else _hours(start, end)
    return " – ".join(side.replace(" ", GAP) for side in sides)


def _at_midnight(start: datetime, end: datetime) -> bool:
    return start.time() == end.time() == datetime.min.time() and start.date() < end.date()


def _whole_days(start: datetime, end: datetime) -> list[str]:
    last = datetime.fromordinal(end.toordinal() - 1)
    return [_day(start)] if last.date() == start.date() else [_day(start), _day(last, since=start)]


def _hours(start: datetime, end: datetime) -> list[str]:
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{_day(end, since=start)} {end:%H:%M}"
    return [f"{_day(start)} {start:%H:%M}", until]


def _day(day: datetime, since: datetime | None = None) -> str:
    formats = DAY if since and since.year == day.year else DAY_AND_YEAR
    return date_format(day, formats[_language()])


def _in_zone(instant: datetime, tenant: Tenant | None, formats: dict[str, str]) -> str:
    zone = tenant.zone if tenant else get_current_timezone()
    return date_format(instant.astimezone(zone), formats[_language()])


def _language() -> str:
    return "de" if (get_language() or "de").startswith("de") else "en"
