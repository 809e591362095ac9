"""The development mailbox: reads what Django's file-based mail backend wrote (`settings.EWX_MAIL_DIR`).

Every mail is hostile: headers and bodies are decoded, never interpreted; what cannot be decoded is shown as it
arrived. Files are found by listing the folder, so that no name from outside ever becomes a path.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from functools import cached_property
from pathlib import Path

from django.conf import settings

SUFFIXES = frozenset({".eml", ".log"})
SHOWN_HEADERS = ("From", "To", "Cc", "Reply-To", "Date", "Subject")
# The backend puts a line of dashes after each mail; Django's mails begin with their content type.
BETWEEN_MAILS = re.compile(rb"\n-{79}\n(?=\Z|Content-Type:|MIME-Version:)")


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Mail:
    """One mail: the `index`-th in the file `file`, written at `at`."""

    file: str
    index: int
    at: datetime
    message: Message = field(repr=False)

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, self.header(name)) for name in SHOWN_HEADERS if name in self.message]

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def sender(self) -> str:
        return self.header("From")

    @cached_property
    def recipients(self) -> list[str]:
        """Addresses alone, without names."""
        lines = [str(line) for name in ("To", "Cc", "Bcc") for line in self.message.get_all(name, [])]
        return [address.lower() for _name, address in getaddresses(lines) if address]

    @property
    def text(self) -> str:
        """The text/plain part as it arrived."""
        return self._body("text/plain")

    @property
    def html(self) -> str:
        """The source of the text/html part."""
        return self._body("text/html")

    @cached_property
    def attachments(self) -> list[Attachment]:
        found = [part for part in self._leaves() if _is_attached(part)]
        return [
            Attachment(_decoded(part.get_filename() or f"{number}.bin"), part.get_content_type(), _content(part))
            for number, part in enumerate(found, start=1)
        ]

    def header(self, name: str) -> str:
        return _decoded(str(self.message.get(name, "")))

    def _body(self, content_type: str) -> str:
        parts = (part for part in self._leaves() if part.get_content_type() == content_type and not _is_attached(part))
        return next((_text(part) for part in parts), "")

    def _leaves(self) -> Iterator[Message]:
        return (part for part in self.message.walk() if not part.is_multipart())


def all_mails() -> list[Mail]:
    """Every mail in the folder, the newest first."""
    found = [mail for path in _files() for mail in _mails_in(path)]
    return sorted(found, key=lambda mail: (mail.at, mail.file, mail.index), reverse=True)


def mails_to(address: str) -> list[Mail]:
    return [mail for mail in all_mails() if address.lower() in mail.recipients]


def find_mail(file: str, index: int) -> Mail | None:
    """The mail of that place, or None."""
    path = next((path for path in _files() if path.name == file), None)
    mails = _mails_in(path) if path else []
    return next((mail for mail in mails if mail.index == index), None)


def _files() -> list[Path]:
    folder = Path(settings.EWX_MAIL_DIR) if settings.EWX_MAIL_DIR else None
    if folder is None or not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file() and not path.is_symlink()]


def _mails_in(path: Path) -> list[Mail]:
    raw, at = path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    parts = BETWEEN_MAILS.split(raw) if path.suffix == ".log" else [raw]
    return [Mail(path.name, index, at, message_from_bytes(part)) for index, part in enumerate(parts) if part.strip()]


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or part.get_filename() is not None


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    try:
        return _content(part).decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or with a NUL in its name
        return _content(part).decode("utf-8", "replace")


def _decoded(header: str) -> str:
    """A header without its encoding, on one line; as it arrived where the encoding is broken."""
    with contextlib.suppress(HeaderParseError, LookupError, ValueError):
        header = str(make_header(decode_header(header)))
    return " ".join(header.split())
