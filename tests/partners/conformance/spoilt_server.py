"""The foreign server with one defect, for cases that must see it.

Many defects are the server's own (`tests.foreign.faults`). What is added here hangs in at the places where somebody
makes such a mistake: around everything, in what is verified, in what is read, in what is said, in what is called.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.foreign import strict
from tests.foreign.client import Client, Failed, NotBelieved
from tests.foreign.gate import Answer, Gate, Problem, Request
from tests.foreign.routes import Asked, Route, invalid
from tests.foreign.server import ForeignServer
from tests.foreign.store import Connection

Go = Callable[[Request], Answer]


@dataclass(frozen=True, kw_only=True)
class Defect:
    """`named`: faults of the foreign server's own, separated by blanks. `gate`: another way to verify.

    `around` stands before everything; `asks` changes a proven request before it is treated, `instead` treats it;
    `reads` makes JSON of a body; `says` changes an answer before it is signed; `calls` is how the partner is called.
    """

    named: str = ""
    gate: Callable[..., Gate] = Gate
    around: Callable[[ForeignServer, Request, Go], Answer] | None = None
    asks: Callable[[Request], Request] | None = None
    instead: Callable[[Asked], Answer | None] | None = None
    reads: Callable[[bytes], Any] | None = None
    says: Callable[[Asked, Answer], None] | None = None
    calls: type[Client] = Client
    gives_up: bool = False
    hours_late: int = 0


class SpoiltServer(ForeignServer):
    def __init__(self, defect: Defect) -> None:
        faults = frozenset(defect.named.split())
        super().__init__(faults=faults)
        self.defect = defect
        self.gate = defect.gate(self.company, faults)
        if defect.hours_late:
            self._date(defect.hours_late)

    def _date(self, hours_late: int) -> None:
        handler: Any = self._http.RequestHandlerClass
        right = handler.date_time_string
        handler.date_time_string = lambda told, at=None: right(told, (at or self.now()) - hours_late * 3600)

    def answer(self, request: Request) -> Answer:
        if self.defect.around is None:
            return super().answer(request)
        return self.defect.around(self, request, super().answer)

    def _authenticated(self, asked: Asked) -> Answer:
        if self.defect.asks:
            asked = replace(asked, request=self.defect.asks(asked.request))
        answer = self.defect.instead(asked) if self.defect.instead else None
        if answer is None:
            try:
                answer = super()._authenticated(asked)
            except Problem as problem:
                answer = problem.answer()
        if self.defect.says:
            self.defect.says(asked, answer)
        return answer

    def _read(self, asked: Asked, route: Route) -> None:
        if self.defect.reads is None or route.shape is None:
            return super()._read(asked, route)
        try:
            asked.body = self.defect.reads(asked.request.body)
        except (ValueError, strict.Malformed) as broken:
            raise Problem(400, "malformed") from broken
        if problems := list(route.shape(asked.body, "")):
            raise invalid(problems)
        return None

    def client(self, connection: Connection | None = None) -> Client:
        return self.defect.calls(self._of(connection), self.now)

    def deliver(self) -> list[bool]:
        applied = []
        while self.outbox:
            one = self.outbox[0]
            try:
                applied.append(self.client(one.connection).send_event(one.event, one.document, one.key))
            except (Failed, NotBelieved, OSError):
                if not self.defect.gives_up:
                    raise
            del self.outbox[0]
        return applied
