"""A worker that takes up what waits and says how much memory it needed at most, in MiB."""

from __future__ import annotations

import importlib
from pathlib import Path

import django
from django.utils import timezone


def main() -> None:
    django.setup()
    # Models can be imported only after the set-up.
    importlib.import_module("inventory.article_lists.running").work_on_lists(now=timezone.now())
    # Not getrusage: that counts in what the process was a copy of before it became this one.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024)


if __name__ == "__main__":
    main()
