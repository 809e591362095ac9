"""What `manage.py check --deploy` refuses (security.md §1). Each error says what is wrong and how to mend it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

_HOST_AND_PORT = re.compile(r"(?:\[[0-9a-f:]+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::[1-9][0-9]{0,4})?", re.IGNORECASE)
_MAKE_KEY = (
    "Make one outside of repository, database and backups, and name it in EWX_KEY_FILE: (umask 077; python3 -c "
    '"import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())" > /path/master.keys)'
)


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Every fault of this installation that must not go into production."""
    cache, engine = settings.CACHES["default"]["BACKEND"], settings.DATABASES["default"]["ENGINE"]
    faults = (
        *_origin(settings.EWX_ORIGIN),
        *_key_file(settings.EWX_KEY_FILE),
        *_switches(),
        *cache_faults(cache=cache, database=engine),
    )
    return [Error(message, hint=hint, id=f"eventworx.{code}") for code, message, hint in faults]


Fault = tuple[str, str, str]  # code, what is wrong, how to mend it


def _origin(origin: str) -> Iterator[Fault]:
    """Partners sign the origin as it is spelt, so there is one spelling (protocol §1)."""
    address = origin.partition("://")[2]
    if not origin.startswith("https://"):
        yield "E001", f"EWX_ORIGIN is {origin!r}, not https.", "Set EWX_ORIGIN=https://your.host in the environment."
    if origin != origin.lower():
        yield "E002", f"EWX_ORIGIN is {origin!r}, with capitals.", f"Set EWX_ORIGIN={origin.lower()}."
    if address.endswith(":443"):
        fit = origin.removesuffix(":443")
        yield "E003", "EWX_ORIGIN names the default port of https.", f"Leave it out: EWX_ORIGIN={fit}."
    if not _HOST_AND_PORT.fullmatch(address) or urlsplit(f"//{address}").username:
        hint = "Give scheme, host and port only: no path, no dot at the end, names with umlauts in punycode (xn--…)."
        yield "E004", f"EWX_ORIGIN is {origin!r}, which is no origin.", hint


def _key_file(path: Path) -> Iterator[Fault]:
    """The ring opens every private key; whoever reads it and a dump of the database is us."""
    if not path.is_file():
        yield "E005", f"There is no key file {path}.", _MAKE_KEY
    elif path.stat().st_mode & 0o077:
        yield "E006", f"Others than its owner can read the key file {path}.", f"chmod 600 {path}"
    for name, folder in _published():
        if path.resolve().is_relative_to(folder.resolve()):
            hint = f"Move it out of {folder} and name its new place in EWX_KEY_FILE."
            yield "E007", f"The key file {path} lies in {name}.", hint


def _published() -> Iterator[tuple[str, Path]]:
    """Folders that are served, packed or copied."""
    yield "the repository", settings.BASE_DIR
    served = {"the static files": settings.STATIC_ROOT, "the media files": settings.MEDIA_ROOT}
    yield from ((name, Path(folder)) for name, folder in served.items() if folder)


def _switches() -> Iterator[Fault]:
    if settings.DEBUG:
        yield "E008", "DEBUG is on: errors show settings and data to everybody.", "Remove EWX_DEBUG."
    if settings.EWX_DEMO:
        yield "E009", "The demo is on: its mailbox shows every mail to everybody.", "Remove EWX_DEMO."


def cache_faults(*, cache: str, database: str) -> Iterator[Fault]:
    """Several processes, which SQLite does not have, count in a cache that all of them see."""
    if cache.endswith("LocMemCache") and not database.endswith("sqlite3"):
        hint = "Set EWX_REDIS_URL=redis://host:6379/0."
        yield "E010", "Each process has a cache of its own: nonces and limits hold per process only.", hint
