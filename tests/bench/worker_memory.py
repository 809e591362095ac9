"""A worker that takes up what waits and says how much memory it needed at most, in MiB."""

from __future__ import annotations

import importlib
import resource

import django
from django.utils import timezone


def main() -> None:
    django.setup()
    # Models can be imported only after the set-up.
    importlib.import_module("inventory.article_lists.running").work_on_lists(now=timezone.now())
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
