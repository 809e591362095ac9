"""The operator's hand on the ring of master keys (security.md §1)."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from eventworx.encryption.ring import RingUnusable, current_ring
from eventworx.encryption.rotation import Findings, TooEarly, add_key, drop_old_keys, reseal, survey

SOME_DO_NOT_OPEN, RING_UNUSABLE, TOO_EARLY = 1, 3, 4


class Command(BaseCommand):
    help = (
        "Change the master key that private keys and other secrets are encrypted with. Servers may run meanwhile, and "
        "this may be stopped at any moment: started again, it goes on. Exit codes: 0 all is well, 1 some values do "
        "not open, 3 the key file cannot be used or written, 4 too early to drop old keys."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument("--verify", action="store_true", help="only open every value; change nothing")
        chosen.add_argument("--dry-run", action="store_true", help="only say what would be done")
        chosen.add_argument(
            "--drop-old",
            action="store_true",
            help="add no key; finish what is left and remove the keys that no value needs any more",
        )

    def handle(self, *args: Any, verify: bool, dry_run: bool, drop_old: bool, **options: Any) -> None:
        try:
            if dry_run:
                self._announce()
            elif verify:
                self._verify()
            else:
                self._rotate(drop_old=drop_old)
        except RingUnusable as problem:
            raise CommandError(f"{problem}.", returncode=RING_UNUSABLE) from problem
        except TooEarly as problem:
            raise CommandError(str(problem), returncode=TOO_EARLY) from problem

    def _announce(self) -> None:
        ring, found = current_ring(), survey()
        self._list(found)
        if found.left(ring):
            self.stdout.write(f"Would go on: {found.left(ring)} values would be sealed anew with key {ring[0].id}.")
        else:
            self.stdout.write(f"Would add a fresh key and seal {found.total} values anew.")

    def _rotate(self, *, drop_old: bool) -> None:
        """What was begun is finished before anything is begun anew."""
        if not drop_old and not survey().left(current_ring()):
            self.stdout.write(f"Key {add_key().id} is added to the ring.")
        done = reseal(report=self.stdout.write)
        self.stdout.write(f"{done} values sealed anew with key {current_ring()[0].id}.")
        self._verify()
        if drop_old:
            dropped = drop_old_keys(now=timezone.now())
            self.stdout.write(f"Dropped: {', '.join(dropped)}." if dropped else "No key is without use.")

    def _verify(self) -> None:
        found = survey(opening=True)
        self._list(found)
        if found.broken:
            self.stderr.write("\n".join(f"Does not open: {value}" for value in found.broken))
            raise CommandError(f"{len(found.broken)} of {found.total} values do not open.", returncode=SOME_DO_NOT_OPEN)
        self.stdout.write(f"Verified: all {found.total} values open.")

    def _list(self, found: Findings) -> None:
        for line in _uses(found):
            self.stdout.write(line)


def _uses(found: Findings) -> Iterator[str]:
    """One line per key, those of the ring in its order, then what is missing in it."""
    ring = [key.id for key in current_ring()]
    for place, key_id in enumerate(ring):
        yield f"Key {key_id}{' (seals)' if place == 0 else ''}: {found.by_key[key_id]} values"
    for key_id in sorted(found.by_key.keys() - set(ring)):
        yield f"Key {key_id or '(unreadable)'}, missing in the ring: {found.by_key[key_id]} values"
