"""No body is waited for, or taken in, before it is known whose it is (protocol §3)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from eventworx.audit import Actor
from partners import connections
from partners.api.gateway import PartnerGatewayMiddleware
from partners.models import PartnerConnection
from tests.partners.questions import V1, Pair, Question, notice

ADMIN = Actor(label="Ada")
KIB_256 = 256 * 1024
FORGED = {"Signature": "ewx=:" + "A" * 86 + "==:"}


class Watched(io.BytesIO):
    """What the server reads from; `taken` are the bytes that were read."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


class Broken(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError("the line is dead")


def arrive(question: Question, stream: io.BytesIO, *, headers: dict[str, str] | None = None, **meta: Any) -> int:
    """The status of a request whose body is `stream`; `meta` is what the server says about it."""
    signed = question.signed() | (headers or {})
    given = RequestFactory().generic(
        question.method, question.target, question.body, content_type="application/json", headers=signed
    )
    environ = given.environ | {"wsgi.input": stream} | meta
    response: HttpResponse = PartnerGatewayMiddleware(lambda _request: HttpResponse(status=500))(WSGIRequest(environ))
    return response.status_code


def test_a_proven_body_is_read(pair: Pair) -> None:
    question = notice(pair[0])
    stream = Watched(question.body + b"the next request on this line")
    assert arrive(question, stream) == 204
    assert stream.taken == len(question.body)


@pytest.mark.parametrize("headers", [FORGED, {"Content-Encoding": "gzip"}, {"EWX-Connection": "nobody"}])
def test_who_proves_nothing_makes_nobody_wait_for_his_body(pair: Pair, headers: dict[str, str]) -> None:
    question = notice(pair[0])
    stream = Watched(question.body)
    assert arrive(question, stream, headers=headers) == 401
    assert stream.taken == 0


def availability(caller: PartnerConnection) -> Question:
    period = {"start": "2027-07-01T06:00:00Z", "end": "2027-07-04T18:00:00Z", "zone": "Europe/Berlin"}
    asked = {"period": period, "lines": [{"article": "1", "quantity": 1}]}
    return Question(caller, "POST", f"{V1}/availability", json.dumps(asked).encode())


def pause(connection: PartnerConnection) -> None:
    connections.switch_off(connection=connection, actor=ADMIN, now=timezone.now())


def take_level(connection: PartnerConnection) -> None:
    connections.set_level(connection=connection, level=1, actor=ADMIN)


def take_role(connection: PartnerConnection) -> None:
    connections.set_contact_roles(contact=connection.contact, is_customer=False, is_supplier=True, actor=ADMIN)


@pytest.mark.parametrize("change", [pause, take_level, take_role])
def test_who_holds_his_body_back_is_told_no_stock_that_was_taken_from_him_meanwhile(
    pair: Pair, change: Callable[[PartnerConnection], None]
) -> None:
    """State and level hold as they are when the answer is made (protocol §3), not when the head came."""
    caller, answerer = pair
    question = availability(caller)
    assert arrive(question, io.BytesIO(question.body)) == 200

    class HeldBack(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            change(answerer)
            return super().read(size)

    question = availability(caller)
    assert arrive(question, HeldBack(question.body)) == 403


def test_the_largest_body_is_read_and_a_larger_one_is_not(pair: Pair) -> None:
    for size, status in ((KIB_256, 422), (KIB_256 + 1, 413)):
        question = notice(pair[0], said="x" * (size - 2))
        assert len(question.body) == size
        stream = Watched(question.body)
        assert arrive(question, stream) == status
        assert stream.taken == (size if status == 422 else 0)


@pytest.mark.parametrize("length", ["-1", "+21", "2_1", " 21", "21,21", "٢١", "0x15", "1e3"])
def test_a_length_that_is_no_number_is_refused_unread(pair: Pair, length: str) -> None:
    question = notice(pair[0])
    stream = Watched(question.body)
    assert arrive(question, stream, CONTENT_LENGTH=length) == 401
    assert stream.taken == 0


@pytest.mark.parametrize("length", ["", "0"])
def test_without_a_length_there_is_no_body(pair: Pair, length: str) -> None:
    question = notice(pair[0])
    stream = Watched(question.body)
    assert arrive(question, stream, CONTENT_LENGTH=length) == 401
    assert stream.taken == 0


def test_chunks_are_refused_unread(pair: Pair) -> None:
    question = notice(pair[0])
    for length in ("", str(len(question.body))):
        stream = Watched(question.body)
        assert arrive(question, stream, CONTENT_LENGTH=length, HTTP_TRANSFER_ENCODING="chunked") == 401
        assert stream.taken == 0


def test_fewer_or_more_bytes_than_announced_are_another_body(pair: Pair) -> None:
    question = notice(pair[0])
    size = len(question.body)
    assert arrive(question, Watched(question.body[:-1])) == 401
    assert arrive(question, Watched(question.body + b" "), CONTENT_LENGTH=str(size + 1)) == 401
    assert arrive(question, Watched(question.body), CONTENT_LENGTH=str(size - 1)) == 401


def test_a_line_that_dies_within_a_body_is_no_defect(pair: Pair) -> None:
    assert arrive(notice(pair[0]), Broken()) == 401
