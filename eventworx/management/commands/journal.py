"""`manage.py journal`: check the journals and take copies that prove a later change (mission P7)."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from eventworx import audit
from eventworx.tenants.models import Tenant


class Command(BaseCommand):
    help = "Check the chain of the journal, or export it as one line of JSON per entry."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["verify", "export"])
        parser.add_argument("--tenant", help="short name of the company; without it, all of them")

    def handle(self, *args: Any, verb: str, tenant: str | None, **options: Any) -> None:
        found = Tenant.objects.order_by("slug")
        tenants = list(found.filter(slug=tenant) if tenant else found)
        if tenant and not tenants:
            raise CommandError(f"There is no company {tenant}.", returncode=2)
        audit.chain_everything()
        if verb == "export":
            self._export(tenants)
        else:
            self._verify(tenants)

    def _verify(self, tenants: list[Tenant]) -> None:
        """Exit code 1 where a chain is broken."""
        proofs = {tenant.slug: audit.verify_chain(tenant=tenant) for tenant in tenants}
        for slug, proof in proofs.items():
            verdict = "holds" if proof.holds else f"BROKEN at entry {proof.broken_at}"
            self.stdout.write(f"{slug}: {verdict}, {proof.entries} entries, digest {proof.digest}")
        if not all(proof.holds for proof in proofs.values()):
            raise CommandError("Somebody changed the journal past the application.")

    def _export(self, tenants: list[Tenant]) -> None:
        """SHA-256 over "digest of the line before, position, content", one a line, gives the digest of a line."""
        for tenant in tenants:
            for entry in tenant.audit_entries.chained().iterator():
                line = {"tenant": tenant.slug, "position": entry.position, "content": audit.content_of(entry)}
                self.stdout.write(json.dumps(line | {"digest": entry.digest}, ensure_ascii=False))
