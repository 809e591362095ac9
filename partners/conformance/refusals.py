"""The one answer to whoever proves nothing: "one identical, unsigned 401" (protocol §3)."""

from dataclasses import dataclass
from typing import Self

from partners.conformance.answers import Answer, Broken
from partners.protocol.wire import ProblemCode

_OF_THE_LINE = frozenset({"date", "connection", "keep-alive"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What every 401 has to look like: this body, and these headers with these values."""

    body: bytes
    headers: frozenset[tuple[str, str]]
    changing: frozenset[str]

    @classmethod
    def of(cls, one: Answer, another: Answer) -> Self:
        """From two unsigned requests; a header that already differs between them is the proxy's and tells nothing."""
        for answer in (one, another):
            answer.unsigned(ProblemCode.SIGNATURE, 401)
        changing = frozenset(name for name, _ in _headers(one) ^ _headers(another))
        return cls(one.raw.body, _without(_headers(one), changing), changing)

    def check(self, answer: Answer) -> None:
        """Raises Broken where the answer is anything else."""
        answer.unsigned(ProblemCode.SIGNATURE, 401)
        if answer.raw.body != self.body:
            raise Broken(f"{answer}: its body differs from that of other 401s")
        differing = {name for name, _ in _without(_headers(answer), self.changing) ^ self.headers}
        if differing:
            raise Broken(f"{answer}: differs from other 401s in {', '.join(sorted(differing))}")


def _headers(answer: Answer) -> frozenset[tuple[str, str]]:
    fields = ((name.lower(), value) for name, value in answer.raw.headers)
    return frozenset((name, value) for name, value in fields if name not in _OF_THE_LINE)


def _without(headers: frozenset[tuple[str, str]], names: frozenset[str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in headers if name not in names)
