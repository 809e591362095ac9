"""What `manage.py check --deploy` refuses (security.md §1). Each error says what is wrong and how to mend it."""

import base64
import binascii
import contextlib
import hashlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.db import DatabaseError

from eventworx import installation
from eventworx.encryption.ring import KEY_BYTES, RingUnusable, read_ring
from eventworx.installation import Standing

_HOST_AND_PORT = re.compile(r"(?:\[[0-9a-f:]+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::[1-9][0-9]{0,4})?", re.IGNORECASE)
_MAKE_KEY = (
    "Make one outside of repository, database and backups, and name it in EWX_KEY_FILE: (umask 077; python3 -c "
    '"import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())" > /path/master.keys)'
)
_ROTATE = "Make a fresh key and have everything sealed anew: manage.py rotate_encryption_keys, then --drop-old."
_FRESH_ONE = 'Set EWX_SECRET_KEY to what this prints: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
_SECRET_LENGTH, _SECRET_VARIETY = 50, 10
_WIDEST_PARTNER_NETWORK = {4: 16, 6: 48}
_WIDEST_PROXY_NETWORK = {4: 8, 6: 7}  # 10.0.0.0/8, fc00::/7: more can be no network of one's own


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Every fault of this installation that must not go into production."""
    cache, engine = settings.CACHES["default"]["BACKEND"], settings.DATABASES["default"]["ENGINE"]
    faults = (
        *_origin(settings.EWX_ORIGIN),
        *_key_file(settings.EWX_KEY_FILE),
        *_ring(settings.EWX_KEY_FILE),
        *_session_secret(settings.SECRET_KEY),
        *_proxies(),
        *_neighbours(),
        *_switches(),
        *cache_faults(cache=cache, database=engine),
        *quarantine_faults(_standing()),
    )
    kinds = {"E": Error, "W": Warning}
    return [kinds[code[0]](message, hint=hint, id=f"eventworx.{code}") for code, message, hint in faults]


Fault = tuple[str, str, str]  # code (W: a warning), what is wrong, how to mend it


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
    for folder in _open_folders(path.resolve()):
        hint = f"chmod go-w {folder}, or move the file and name its new place in EWX_KEY_FILE."
        yield "E011", f"Others than its owner can exchange the key file: they may write to {folder}.", hint


def _published() -> Iterator[tuple[str, Path]]:
    """Folders that are served, packed or copied. Whoever copies SQLite's folder has data and keys in one hand."""
    yield "the repository", settings.BASE_DIR
    served = {"the static files": settings.STATIC_ROOT, "the media files": settings.MEDIA_ROOT}
    yield from ((name, Path(folder)) for name, folder in served.items() if folder)
    if database := _sqlite_file():
        yield "the folder of the database", database.parent


def _open_folders(path: Path) -> Iterator[Path]:
    """Folders on the way to a file in which somebody else may put another in its place."""
    for folder in path.parents:
        mode = folder.stat().st_mode if folder.exists() else 0
        if mode & 0o022 and (folder == path.parent or not mode & stat.S_ISVTX):
            yield folder


def _sqlite_file() -> Path | None:
    """The database, where it is a file."""
    database = settings.DATABASES["default"]
    return Path(database["NAME"]) if database["ENGINE"].endswith("sqlite3") else None


def _ring(path: Path) -> Iterator[Fault]:
    """What stands in the key file. Nothing of it is shown."""
    if not path.is_file():
        return
    try:
        keys = [key.secret for key in read_ring(path)]
    except RingUnusable as problem:
        yield "E012", f"{problem}.", f"Put it right, or bring back the backup of {path}."
        return
    derived = set().union(
        *(derivations(str(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    )
    if derived & set(keys):
        yield "E013", "A master key is made of SECRET_KEY: who learns one knows both.", _ROTATE
    if any(len(set(key)) < 8 or (key.isascii() and key.decode().isprintable()) for key in keys):
        yield "E014", "A master key was typed or patterned, not drawn at random.", _ROTATE


def derivations(secret: str) -> set[bytes]:
    """Keys of 32 bytes that people make of a secret: hashed, padded, cut, or the text itself decoded."""
    plain = secret.encode()
    found = {hashlib.new(name, plain).digest()[:KEY_BYTES] for name in ("sha256", "sha512", "sha3_256", "sha3_512")}
    found |= {hashlib.blake2b(plain).digest()[:KEY_BYTES], hashlib.blake2b(plain, digest_size=KEY_BYTES).digest()}
    found |= {hashlib.blake2s(plain).digest(), hashlib.sha256(hashlib.sha256(plain).digest()).digest()}
    found |= {hashlib.new(name, plain).hexdigest()[:KEY_BYTES].encode() for name in ("md5", "sha1", "sha256", "sha512")}
    found |= {plain[:KEY_BYTES].ljust(KEY_BYTES, filling) for filling in (b"\0", b" ", b"0", b"=")}
    found |= {plain[-KEY_BYTES:], (plain * KEY_BYTES)[:KEY_BYTES]}
    with contextlib.suppress(binascii.Error):
        found.add(base64.b64decode(plain + b"=" * (-len(plain) % 4), altchars=b"-_")[:KEY_BYTES])
    return found


def _session_secret(secret: str) -> Iterator[Fault]:
    if len(secret) < _SECRET_LENGTH or len(set(secret)) < _SECRET_VARIETY or secret.startswith("django-insecure-"):
        yield "E015", "SECRET_KEY is short or known: sessions and links for a new password can be forged.", _FRESH_ONE


def _proxies() -> Iterator[Fault]:
    """What a proxy says is believed from the operator's own only."""
    networks = settings.EWX_TRUSTED_PROXIES
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None) and not networks:
        hint = "Name the addresses or networks of your proxies in EWX_TRUSTED_PROXIES."
        yield "E016", "EWX_BEHIND_TLS_PROXY is set, but no proxy is trusted: what it says is not believed.", hint
    for network in networks:
        if network.prefixlen < _WIDEST_PROXY_NETWORK[network.version]:
            hint = "Name the addresses or networks of your own proxies only."
            yield "E017", f"EWX_TRUSTED_PROXIES holds {network}: strangers could say where they come from.", hint


def _neighbours() -> Iterator[Fault]:
    """Whom we talk to, and under which names."""
    for origin in sorted(settings.EWX_ALLOWED_PARTNER_ORIGINS):
        if not origin.startswith("https://"):
            hint = "Have the partner offer https, and name that address in EWX_ALLOWED_PARTNER_ORIGINS."
            yield "E018", f"EWX_ALLOWED_PARTNER_ORIGINS holds {origin}: everybody on the way reads along.", hint
    for network in settings.EWX_ALLOWED_PARTNER_NETWORKS:
        if network.prefixlen < _WIDEST_PARTNER_NETWORK[network.version]:
            hint = "Name the networks in which your partners' servers really lie."
            yield (
                "E023",
                f"EWX_ALLOWED_PARTNER_NETWORKS holds {network}: mailed codes could point anywhere in it.",
                hint,
            )
    if "*" in settings.ALLOWED_HOSTS:
        yield (
            "E019",
            "EWX_ALLOWED_HOSTS is *: any name is taken for ours.",
            "Name the host of EWX_ORIGIN, or leave it out.",
        )
    if not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        yield "E020", "Cookies of sessions are sent without encryption, too.", "Set EWX_ORIGIN to the https address."


def _switches() -> Iterator[Fault]:
    if settings.DEBUG:
        yield "E008", "DEBUG is on: errors show settings and data to everybody.", "Remove EWX_DEBUG."
    if settings.EWX_DEMO:
        yield "E009", "The demo is on: its mailbox shows every mail to everybody.", "Remove EWX_DEMO."
    if settings.EWX_MAIL_DIR:
        yield "E021", f"Mails are written to {settings.EWX_MAIL_DIR} and sent to nobody.", "Remove EWX_MAIL_DIR."


def cache_faults(*, cache: str, database: str) -> Iterator[Fault]:
    """Limits and nonces hold without Redis (`eventworx.limits`), at the price of writing rows for each request."""
    if cache.endswith("LocMemCache") and not database.endswith("sqlite3"):
        hint = "Set EWX_REDIS_URL=redis://host:6379/0."
        yield "W010", "Without Redis each partner request writes its nonce and its limits into the database.", hint


def _standing() -> Standing | None:
    """Whether this is a copy; None before there is a database that could say so."""
    file = _sqlite_file()
    if file and not file.exists():
        return None  # asking would make one, and it might belong to the wrong user
    try:
        return installation.look()
    except DatabaseError:
        return None


def quarantine_faults(standing: Standing | None) -> Iterator[Fault]:
    if standing not in {None, Standing.ORIGINAL}:
        hint = "If the original is switched off for good: manage.py installation adopt"
        yield "E022", f"This installation is in quarantine: {standing}.", hint
