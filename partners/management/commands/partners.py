"""`manage.py partners`: what an admin does in the tab "Partner", for operators and their scripts (mission P3-P10).

Exit codes: 0 done, 1 refused, 2 no such company, contact or connection, 3 the partner cannot be reached.
"""

import getpass
import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from partners import connections, pairing
from partners.client import PartnerUnreachable
from partners.models import KeySide, PartnerConnection
from partners.pairing import fingerprint
from partners.protocol.connection_state import paused_by
from partners.protocol.pairing_code import MAX_TEXT
from partners.views.standing import standing

REFUSED, NOT_FOUND, UNREACHABLE = 1, 2, 3

Facts = dict[str, Any]
Verb = Callable[[Contact, dict[str, Any]], Facts]


class Command(BaseCommand):
    help = "Look at partner connections and do with them what an admin does in the browser."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["list", *self._verbs()])
        parser.add_argument("--tenant", help="short name of the company; `list` without it shows all")
        parser.add_argument("--contact", help="number or name of the contact")
        parser.add_argument("--json", action="store_true", dest="as_json", help="answer as JSON")
        parser.add_argument("--new", action="store_true", help="code: connect anew; the old connection ends")
        parser.add_argument("--dry-run", action="store_true", help="enter: show what the code says, store nothing")
        parser.add_argument("--yes", action="store_true", help="disconnect: do not ask")

    def handle(self, *args: Any, verb: str, as_json: bool, **options: Any) -> None:
        self.now = timezone.now()
        self.actor = Actor(label=f"manage.py partners ({getpass.getuser()})")
        try:
            found = self._list(options) if verb == "list" else self._verbs()[verb](self._contact(options), options)
        except BusinessError as error:
            self._refuse(error, as_json)
        else:
            self.stdout.write(json.dumps(found, default=str, indent=2) if as_json else as_text(found))

    def _refuse(self, error: BusinessError, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"refused": error.code, "message": str(error)}, indent=2))
        code = UNREACHABLE if isinstance(error, PartnerUnreachable) else REFUSED
        raise CommandError(str(error), returncode=code)

    def _verbs(self) -> dict[str, Verb]:
        return {
            "show": self._show,
            "code": self._code,
            "enter": self._enter,
            "test": self._test,
            "rotate": self._rotate,
            "pause": self._pause,
            "resume": self._resume,
            "disconnect": self._disconnect,
        }

    # Finding

    def _contact(self, options: dict[str, Any]) -> Contact:
        if not options["tenant"] or not options["contact"]:
            raise CommandError("Please name --tenant and --contact.", returncode=NOT_FOUND)
        named = Q(number=options["contact"]) | Q(name=options["contact"])
        contacts = list(self._tenants(options["tenant"])[0].contacts.select_related("tenant").filter(named)[:2])
        if len(contacts) != 1:
            how_many = "several contacts" if contacts else "no contact"
            raise CommandError(f"There is {how_many} {options['contact']!r}; name its number.", returncode=NOT_FOUND)
        return contacts[0]

    def _tenants(self, slug: str | None) -> list[Tenant]:
        found = Tenant.objects.order_by("slug")
        tenants = list(found.filter(slug=slug) if slug else found)
        if slug and not tenants:
            raise CommandError(f"There is no company {slug!r}.", returncode=NOT_FOUND)
        return tenants

    def _connection(self, contact: Contact) -> PartnerConnection:
        """The connection that counts, else the last one."""
        connection = contact.partner_connections.select_related("tenant", "contact").latest_first().first()
        if connection is None:
            raise CommandError(f"{contact} has no partner connection.", returncode=NOT_FOUND)
        return connection

    # Verbs

    def _list(self, options: dict[str, Any]) -> list[Facts]:
        tenants = self._tenants(options["tenant"])
        found = [tenant.partner_connections.select_related("tenant", "contact").by_name() for tenant in tenants]
        return [brief(connection, self.now) for rows in found for connection in rows]

    def _show(self, contact: Contact, options: dict[str, Any]) -> Facts:
        return in_full(self._connection(contact), self.now)

    def _code(self, contact: Contact, options: dict[str, Any]) -> Facts:
        """Switch on and make a key where that is missing, as an admin would on the way to the code."""
        connection = connections.switch_on(contact=contact, actor=self.actor, now=self.now)
        if options["new"] or not connection.code_expires_at:
            connection = pairing.start_pairing(contact=contact, actor=self.actor, now=self.now)
        code = pairing.hand_over_code(connection=connection, actor=self.actor, now=self.now)
        return {"code": code, "expires_at": connection.code_expires_at}

    def _enter(self, contact: Contact, options: dict[str, Any]) -> Facts:
        connection, text = self._connection(contact), sys.stdin.read(MAX_TEXT + 1)
        entered = pairing.read_code(connection=connection, text=text, now=self.now)
        if not options["dry_run"]:
            pairing.save_code(connection=connection, text=text, actor=self.actor, now=self.now)
        return {
            "company": entered.code.display_name,
            "server": entered.server_name,
            "partner_key": entered.fingerprint,
            "safety_number": entered.safety_number,
            "stored": not options["dry_run"],
        }

    def _test(self, contact: Contact, options: dict[str, Any]) -> Facts:
        connections.test_connection(connection=self._connection(contact), actor=self.actor)
        return {"test": "ok"}

    def _rotate(self, contact: Contact, options: dict[str, Any]) -> Facts:
        connection = self._connection(contact)
        key = connections.rotate_key(connection=connection, actor=self.actor, now=self.now)
        return {"new_key": _key(key), "next": "it counts as soon as the partner's server has it"}

    def _pause(self, contact: Contact, options: dict[str, Any]) -> Facts:
        connection = self._connection(contact)
        return brief(connections.switch_off(connection=connection, actor=self.actor, now=self.now), self.now)

    def _resume(self, contact: Contact, options: dict[str, Any]) -> Facts:
        connection = self._connection(contact)
        return brief(connections.resume(connection=connection, actor=self.actor, now=self.now), self.now)

    def _disconnect(self, contact: Contact, options: dict[str, Any]) -> Facts:
        connection = self._connection(contact)
        if not options["yes"] and not _agreed(f"End the connection with {connection} for good? [y/N] "):
            raise CommandError("Nothing was changed.", returncode=REFUSED)
        return brief(connections.close(connection=connection, actor=self.actor, now=self.now), self.now)


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and input(question).strip().lower() in {"y", "yes", "j", "ja"}


def brief(connection: PartnerConnection, now: datetime) -> Facts:
    """One connection in a line."""
    return {
        "tenant": connection.tenant.slug,
        "contact": connection.contact.number,
        "partner": str(connection),
        "state": connection.state.value,
        "paused_by": list(paused_by(connection.facts)),
        "level": connection.effective_level.value,
        "server": connection.peer_origin,
        "next": standing(connection, now).sentence,
    }


def in_full(connection: PartnerConnection, now: datetime) -> Facts:
    """All that the tab shows, without what is secret."""
    keys = connection.keys.order_by("created_at")
    return brief(connection, now) | {
        "id": connection.pk,
        "partner_id": connection.peer_connection_id,
        "level_chosen": connection.level,
        "level_granted_to_us": connection.peer_level,
        "verified": connection.verified_at is not None,
        "safety_number": connection.safety_number,
        "our_keys": [_key(key) for key in keys if key.side == KeySide.OWN],
        "partner_keys": [_key(key) for key in keys if key.side == KeySide.PEER],
        "code_expires_at": connection.code_expires_at,
        "connected_at": connection.connected_at,
        "last_heard_at": connection.last_heard_at,
        "waiting": connection.deliveries.unfinished().count(),
    }


def _key(key: Any) -> str:
    return f"{fingerprint(bytes(key.public_key))} ({key.state})"


def as_text(found: Facts | list[Facts]) -> str:
    """Names and values, one a line; of a list one connection a line."""
    if isinstance(found, list):
        return "\n".join("  ".join(_text(value) or "-" for value in facts.values()) for facts in found)
    if set(found) == {"code", "expires_at"}:
        return str(found["code"])
    return "\n".join(f"{name + ':':<22}{_text(value)}" for name, value in found.items())


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
