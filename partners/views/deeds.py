"""Entries of the journal in people's words."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from eventworx.audit import AuditEntry
from partners.client import sentence
from partners.connections import Deed
from partners.pairing import in_groups
from partners.shown_stock import StockMode


def shown(entries: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    """Entries as people read them."""
    return [
        {
            "at": entry.at,
            "who": entry.actor_label,
            "where": entry.address,
            "what": _label(entry.action),
            "detail": _detail(entry.detail, entry.target_label),
            "position": entry.position,
        }
        for entry in entries
    ]


def _label(action: str) -> str:
    return str(Deed(action).label) if action in Deed.values else action


def _detail(detail: dict[str, Any], partner: str) -> str:
    """What changed to what, then whatever else was noted."""
    rest = {name: value for name, value in detail.items() if name not in {"before", "after"}}
    change = [f"{detail['before']} → {detail['after']}"] if {"before", "after"} <= detail.keys() else []
    return " · ".join([*change, *(_noted(name, value, partner) for name, value in rest.items())])


def _noted(name: str, value: object, partner: str) -> str:
    if name == "outcome":
        ours = {"ok": _("Test successful"), "crashed": _("Broken off by a fault on our side")}
        return ours.get(str(value)) or sentence(str(value), partner)
    return f"{_name(name)}: {_value(name, value)}"


def _name(name: str) -> str:
    names = {
        "server": _("server"),
        "keyid": _("key"),
        "to": _("recipient"),
        "release": _("release"),
        "customer": _("customer"),
        "supplier": _("supplier"),
        "stock_mode": _("shown"),
        "stock_cap": _("up to how many"),
        "stock_kept_back": _("kept back"),
        "most_units": _("most units"),
        "most_net": _("most net value"),
        "lead_hours": _("lead time in hours"),
        "horizon_days": _("days ahead"),
        "most_orders": _("most orders a day"),
    }
    return names.get(name, name)


def _value(name: str, value: object) -> str:
    if value is None:
        return _("no limit")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "keyid":
        return in_groups(str(value))
    return str(dict(StockMode.choices).get(str(value), value))
