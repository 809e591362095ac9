"""How goods come and go, in the words of the order (protocol §4): read for people."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from eventworx.tenants.models import Tenant
from eventworx.web.templatetags.ewx import local

WAYS = {
    "collect": gettext_lazy("customer collects and returns"),
    "deliver": gettext_lazy("supplier delivers and collects"),
    "venue": gettext_lazy("to and from the venue"),
}


def address_of(logistics: Mapping[str, Any]) -> str:
    """The address on one line, whether it came as text or in parts."""
    address = logistics.get("address") or ""
    if not isinstance(address, Mapping):
        return str(address)
    place = " ".join(str(address[part]) for part in ("postcode", "city") if address.get(part))
    return ", ".join(str(part) for part in (address.get("street"), place, address.get("country")) if part)


def logistics_facts(logistics: Mapping[str, Any], tenant: Tenant) -> list[tuple[str, str]]:
    """(label, value) of everything that is said; times in the tenant's zone, unknown words as they came."""
    return [(label, value) for label, value in _facts(logistics, tenant) if value]


def customer_facts(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of who asks: the protocol's `buyer` object, as far as it says something."""
    contact = details.get("contact") or {}
    facts = [
        (_("Company"), details.get("name")),
        (_("Contact person"), contact.get("name")),
        (_("E-mail"), contact.get("email")),
        (_("Phone"), contact.get("phone")),
        (_("Address"), address_of(details)),
    ]
    return [(label, str(value)) for label, value in facts if value]


def _facts(logistics: Mapping[str, Any], tenant: Tenant) -> Iterator[tuple[str, str]]:
    yield _("Way out"), _way(logistics.get("out"))
    yield _("Out at"), _instant(logistics.get("out_at"), tenant)
    yield _("Way back"), _way(logistics.get("back"))
    yield _("Back at"), _instant(logistics.get("back_at"), tenant)
    yield _("Address"), address_of(logistics)
    yield _("Note on logistics"), str(logistics.get("note") or "")


def _way(word: str | None) -> str:
    return str(WAYS.get(word or "", word or ""))


def _instant(text: str | None, tenant: Tenant) -> str:
    try:
        return local(datetime.fromisoformat(text), tenant) if text else ""
    except ValueError:
        return str(text)
