"""What the server under test answered, and what a case may expect of it (protocol §3, §5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Self

from partners.protocol.signing import Proof, SignatureRefused, verify_response
from partners.protocol.wire import CONTENT_TYPE, Json, Malformed, Problem, ProblemCode, loads_strict, parse_problem
from partners.protocol.wire.fields import FieldErrors
from partners.transport import RawAnswer


class Broken(Exception):
    """The server did something else than the protocol demands; the text is what was seen."""


class NotApplicable(Exception):
    """The case says nothing about this server as it is set up; the text is why."""


@dataclass(frozen=True)
class Answer:
    """One answer with what it takes to prove it: the request's signature and the server's keys at that time."""

    raw: RawAnswer
    request_signature: str = field(repr=False)
    keys: Mapping[str, bytes] = field(repr=False)
    received_at: datetime

    @property
    def status(self) -> int:
        return self.raw.status

    def header(self, name: str) -> str:
        """'' where there is none."""
        return next((value for known, value in self.raw.headers if known.lower() == name.lower()), "")

    @property
    def is_signed(self) -> bool:
        return bool(self.header("Signature") or self.header("Signature-Input"))

    @cached_property
    def _said(self) -> Problem | None:
        """The problem, as far as it is one."""
        try:
            return parse_problem(loads_strict(self.raw.body))
        except (Malformed, FieldErrors):
            return None

    @property
    def code(self) -> str:
        """The problem's code, '' where the answer is none."""
        return self._said.code if self._said else ""

    @property
    def retry_after(self) -> int:
        """For how many seconds a limit wants us to wait: as the body says, else the header, else 30."""
        header = self.header("Retry-After")
        told = int(header) if header.isascii() and header.isdecimal() and len(header) < 6 else 30
        return told if self._said is None or self._said.retry_after is None else self._said.retry_after

    def __str__(self) -> str:
        code = f" {self.code}" if self.code and self.status >= 400 else ""
        return f"{self.status}{code}, {'signed' if self.is_signed else 'unsigned'}"

    # What a case expects. Everything raises Broken with what was seen.

    @property
    def document(self) -> Json:
        """The JSON of an answer; raises Malformed."""
        return loads_strict(self.raw.body)

    @property
    def object(self) -> dict[str, Json]:
        document = self.document
        if not isinstance(document, dict):
            raise Broken(f"{self}: no JSON object")
        return document

    def proof(self) -> Proof:
        try:
            return verify_response(
                status=self.status,
                headers=self.raw.headers,
                body=self.raw.body,
                request_signature=self.request_signature,
                keys=self.keys,
                now=self.received_at,
            )
        except SignatureRefused as refused:
            raise Broken(f"{self}: its signature does not hold ({refused})") from refused

    def signed(self, *statuses: int) -> Self:
        """One of these statuses, with a signature that holds."""
        if self.status not in statuses:
            raise Broken(f"{self} instead of {' or '.join(map(str, statuses))}")
        self.proof()
        return self

    def unsigned(self, code: ProblemCode, status: int) -> Self:
        """This problem, without any signature."""
        if (self.status, self.code) != (status, code) or self.is_signed:
            raise Broken(f"{self} instead of {status} {code}, unsigned")
        return self

    def problem(self, code: ProblemCode, status: int) -> Problem:
        """This problem, signed and in its media type."""
        if (self.status, self.code) != (status, code):
            raise Broken(f"{self} instead of {status} {code}")
        self.proof()
        if self.header("Content-Type").partition(";")[0].strip().lower() != CONTENT_TYPE:
            raise Broken(f"{self}: a problem as {self.header('Content-Type')}")
        return parse_problem(self.document)
