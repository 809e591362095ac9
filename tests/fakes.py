"""Fakes for the transport, the one seam to partners (put one into `partners.transport.current`), and for the clock."""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from eventworx.installation import Standing, Watch
from partners.api.gateway import PartnerGatewayMiddleware
from partners.transport import Fault, RawAnswer, Unreachable


@dataclass
class Sent:
    """What left the house."""

    method: str
    origin: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class InProcess:
    """Delivers into our own gateway, where the other tenant of the same database answers.

    `fault` (a Fault or a RawAnswer) replaces every answer as long as it is set; `lose_answers` lets the
    partner do his work and then loses what he says.
    """

    fault: Fault | RawAnswer | None = None
    lose_answers: bool = False
    change: Callable[[RawAnswer], RawAnswer] | None = None
    sent: list[Sent] = field(default_factory=list)

    def send(
        self, *, method: str, origin: str, target: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> RawAnswer:
        self.sent.append(Sent(method, origin, target, headers, body))
        if isinstance(self.fault, Fault):
            raise Unreachable(self.fault)
        if self.fault:
            return self.fault
        answer = deliver(method, target, headers, body)
        if self.lose_answers:
            raise Unreachable(Fault.BROKEN)
        return self.change(answer) if self.change else answer


@dataclass
class Mixed(InProcess):
    """Partners of whom each has his own way, by the connection id over there: seconds that he takes, or what he
    sends instead of an answer. Once it `is_over` nobody takes any time."""

    seconds: dict[str, float] = field(default_factory=dict)
    faults: dict[str, Fault | RawAnswer] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    def send(
        self, *, method: str, origin: str, target: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> RawAnswer:
        partner = headers["EWX-Connection"]
        takes, fault = self.seconds.get(partner, 0), self.faults.get(partner)
        self.is_over.wait(min(takes, deadline))
        fault = Fault.TIMEOUT if takes > deadline else fault
        if fault:
            self.sent.append(Sent(method, origin, target, headers, body))
        if isinstance(fault, Fault):
            raise Unreachable(fault)
        if fault:
            return fault
        return super().send(method=method, origin=origin, target=target, headers=headers, body=body, deadline=deadline)


def deliver(method: str, target: str, headers: Mapping[str, str], body: bytes, address: str = "127.0.0.1") -> RawAnswer:
    """One request to the gateway, as a server would hand it on; no middleware stands before it."""
    content_type = headers.get("Content-Type", "")
    request = RequestFactory(REMOTE_ADDR=address).generic(
        method, target, body, content_type=content_type, headers=dict(headers)
    )
    response = PartnerGatewayMiddleware(_not_for_partners)(request)
    return RawAnswer(response.status_code, tuple(response.headers.items()), response.content)


def _not_for_partners(request: HttpRequest) -> HttpResponse:
    raise AssertionError(f"the gateway let {request.path} pass")


RUBBISH = RawAnswer(200, (("Content-Type", "text/html"),), b"<h1>It works!</h1>")
SERVER_ERROR = RawAnswer(500, (("Content-Type", "text/html"),), b"<h1>Server Error (500)</h1>")


class NeverLooksAgain(Watch):
    """The clock stands still for whoever asks whether this installation is a copy: nobody queries for it."""

    def __init__(self, standing: Standing = Standing.ORIGINAL) -> None:
        super().__init__()
        self._standing, self._until = standing, math.inf
