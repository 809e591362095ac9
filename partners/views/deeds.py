"""Entries of the journal in people's words."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from eventworx.audit import AuditEntry
from partners.connections import Deed
from partners.shown_stock import StockMode


def shown(entries: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    """Entries as people read them."""
    return [
        {
            "at": entry.at,
            "who": entry.actor_label,
            "where": entry.address,
            "what": _label(entry.action),
            "detail": _detail(entry.detail),
            "position": entry.position,
        }
        for entry in entries
    ]


def _label(action: str) -> str:
    return str(Deed(action).label) if action in Deed.values else action


def _detail(detail: dict[str, Any]) -> str:
    """What changed to what, then whatever else was noted."""
    rest = {name: value for name, value in detail.items() if name not in {"before", "after"}}
    change = [f"{detail['before']} → {detail['after']}"] if {"before", "after"} <= detail.keys() else []
    return " · ".join([*change, *(f"{_name(name)}: {_value(value)}" for name, value in rest.items())])


def _name(name: str) -> str:
    names = {
        "server": _("server"),
        "keyid": _("key"),
        "to": _("recipient"),
        "outcome": _("outcome"),
        "release": _("release"),
        "customer": _("customer"),
        "supplier": _("supplier"),
        "stock_mode": _("shown"),
        "stock_cap": _("up to how many"),
        "stock_kept_back": _("kept back"),
    }
    return names.get(name, name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(dict(StockMode.choices).get(str(value), value))
