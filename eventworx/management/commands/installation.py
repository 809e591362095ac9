"""The operator's word on whether this installation is a copy (security.md §2)."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.errors import BusinessError
from eventworx.installation import Installation, Standing, adopt, look

IN_QUARANTINE, REFUSED = 1, 2
_QUESTION = (
    "Is this the only installation that works with this data, and is the one it came from switched off for good?\n"
    "Mails and messages to partners that wait here are sent then. [y/N] "
)


class Command(BaseCommand):
    help = (
        "Say whether this installation is a copy of another one (status; exit code 1 if so), or that it is the only "
        "one from now on (adopt; exit code 2 if refused)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["status", "adopt"])
        parser.add_argument("--yes", action="store_true", help="adopt: do not ask")

    def handle(self, *args: Any, verb: str, yes: bool, **options: Any) -> None:
        if verb == "adopt":
            self._adopt(sure=yes)
        self._tell(look())

    def _tell(self, standing: Standing) -> None:
        known = Installation.objects.filter(pk=1).first()
        self.stdout.write(f"Instance {known or 'unknown'}, file {settings.EWX_INSTANCE_FILE}: {standing.value}.")
        if standing is not Standing.ORIGINAL:
            raise CommandError(
                "In quarantine: nothing is exchanged with partners, no mail is sent. "
                "If this is the only installation left: manage.py installation adopt",
                returncode=IN_QUARANTINE,
            )

    def _adopt(self, *, sure: bool) -> None:
        if not sure and input(_QUESTION).strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was changed.", returncode=REFUSED)
        try:
            adopt(actor=Actor(f"manage.py installation ({getpass.getuser()})"), now=timezone.now())
        except BusinessError as error:
            raise CommandError(str(error), returncode=REFUSED) from error
