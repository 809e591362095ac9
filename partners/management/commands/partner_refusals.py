"""`manage.py partner_refusals`: what was refused at the door in the last 30 days, over all companies, for operators.

Also what named no connection of ours and therefore concerns no company (security.md §4).
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from partners.models import Refusal


class Command(BaseCommand):
    help = "Show what partners, and whoever pretended to be one, were refused in the last 30 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="answer as JSON")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        found = [line(row) for row in Refusal.of_all(timezone.now())]
        if as_json:
            self.stdout.write(json.dumps(found, indent=2))
        else:
            self.stdout.write("\n".join("  ".join(str(value) for value in facts.values()) for facts in found))


def line(row: Refusal) -> dict[str, str | int]:
    connection = row.connection
    return {
        "day": row.day.isoformat(),
        "count": row.count,
        "reason": row.reason,
        "tenant": connection.tenant.slug if connection else "-",
        "contact": connection.contact.number if connection else "-",
        "last_at": row.last_at.isoformat(timespec="seconds"),
        "last_address": row.last_address or "-",
    }
