"""`manage.py check_availability`: what is kept of availability against a plain recomputation (mission E3)."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventworx.tenants.models import Tenant
from inventory.courses import Difference, check_courses

TOGETHER = 200  # articles that are locked for a moment


class Command(BaseCommand):
    help = "Compare the steps of stock with all reservations and movements; print what differs, or rebuild it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", help="short name of the company; without it, all of them")
        parser.add_argument("--rebuild", action="store_true", help="write what is right")

    def handle(self, *args: Any, tenant: str | None, rebuild: bool, **options: Any) -> None:
        found = Tenant.objects.order_by("slug")
        tenants = list(found.filter(slug=tenant) if tenant else found)
        if tenant and not tenants:
            raise CommandError(f"There is no company {tenant}.", returncode=2)
        wrong = sum(self._check(company, rebuild) for company in tenants)
        if wrong and not rebuild:
            raise CommandError(f"{wrong} articles differ: run it again with --rebuild, and please report it.")

    def _check(self, tenant: Tenant, rebuild: bool) -> int:
        wrong, checked = 0, 0
        for ids in _batches(list(tenant.articles.order_by("pk").values_list("pk", flat=True))):
            checked += len(ids)
            for difference in check_courses(tenant=tenant, article_ids=ids, mend=rebuild):
                wrong += 1
                self._print(tenant, difference)
        self.stdout.write(f"{tenant.slug}: {checked} articles checked, {wrong} {'mended' if rebuild else 'wrong'}")
        return wrong

    def _print(self, tenant: Tenant, difference: Difference) -> None:
        steps = f"{len(difference.kept)} steps kept, {len(difference.computed)} right"
        since = difference.since.isoformat(timespec="minutes")
        self.stdout.write(f"{tenant.slug}: {difference.article} differs from {since} on ({steps})")


def _batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), TOGETHER):
        yield ids[start : start + TOGETHER]
