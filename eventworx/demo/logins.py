"""Who may log in to the demo: kept beside the data, because passwords cannot be read back from it."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.conf import settings

from eventworx.tenants.roles import Role

PASSWORD = "buehne-frei"  # noqa: S105 - everybody may know it; outside a demo nobody gets it


@dataclass(frozen=True, slots=True)
class Login:
    """`tenant` is the short name of a company where this person has `role`; `company` names all of theirs."""

    tenant: str
    company: str
    role: str
    name: str
    email: str
    password: str = field(repr=False)

    @property
    def role_name(self) -> str:
        return str(Role(self.role).label)


def new_password() -> str:
    """The well-known one in a demo; where real people might log in, one that nobody knows yet."""
    return PASSWORD if settings.EWX_DEMO else secrets.token_urlsafe(12)


def logins_file() -> Path:
    return Path(settings.DATA_DIR) / "demo-logins.json"


def keep_logins(logins: list[Login]) -> None:
    """Write the file anew, readable by its owner alone."""
    descriptor = os.open(logins_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump([asdict(login) for login in logins], file, ensure_ascii=False, indent=1)


def kept_logins() -> list[Login]:
    """What `keep_logins` wrote; nothing if it never did."""
    if not logins_file().exists():
        return []
    return [Login(**entry) for entry in json.loads(logins_file().read_text(encoding="utf-8"))]
