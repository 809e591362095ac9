"""The corpus of mails in tests/data/mails."""

import json
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from partners.protocol.pairing_code import PairingCode

FOLDER = Path(__file__).parent.parent / "data" / "mails"
_INDEX = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
_CODE = _INDEX["code"]

NOW = datetime.fromisoformat(_INDEX["now"])
CODE = PairingCode(
    connection_id=UUID(_CODE["connection_id"]),
    public_key=bytes.fromhex(_CODE["public_key"]),
    origin=_CODE["origin"],
    tenant_id=_CODE["tenant_id"],
    display_name=_CODE["display_name"],
    expires_at=datetime.fromisoformat(_CODE["expires_at"]),
)


class Mail(NamedTuple):
    """`outcome` is "code" where CODE has to be read, else the refusal; `about` says what happened to the mail."""

    file: str
    outcome: str
    about: str

    @property
    def text(self) -> str:
        return (FOLDER / self.file).read_bytes().decode("utf-8")

    def __str__(self) -> str:
        return self.file.removesuffix(".txt")


MAILS = [Mail(**mail) for mail in _INDEX["mails"]]
