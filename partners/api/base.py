"""What all endpoints share: the order of checks after authentication, one transaction, answers kept for repeats.

Protocol §3: media type 415 → key present 428 → stored answer of a repeated key → connection state → level →
JSON 400 → fields 422 → effect. Of an effect that is told once, state and level are read under the lock of the
connection, so a pause holds for whoever waited on it; of a question with a body, after the body was waited for.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Literal
from urllib.parse import parse_qsl
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from eventworx.errors import BusinessError
from partners.access import ALLOWS
from partners.api.authentication import NotAuthenticated, PartnerCall, call_of
from partners.api.errors import ApiProblem, Reply, problem_for, problem_of
from partners.api.rates import Rate
from partners.models import PartnerConnection
from partners.protocol.signing import needs_idempotency_key
from partners.protocol.wire import FieldErrors, Json, ProblemCode, loads_strict
from partners.protocol.wire.fields import Parser

Need = Literal["catalogue", "ordering", "stock"]
Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """What an endpoint answers: a document or one of some media types, and what it refuses by itself."""

    document: Parser[Any] | None = None
    media_types: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)
    refusals: tuple[ProblemCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What an endpoint asks of the connection, and how its question is read."""

    parse: Parser[Any] | None = None
    keeps_raw: bool = False
    needs: Need | None = None
    works_while_paused: bool = False
    rate: Rate | None = None
    says: Says = Says()


def endpoint(
    *,
    parse: Parser[Any] | None = None,
    keeps_raw: bool = False,
    needs: Need | None = None,
    works_while_paused: bool = False,
    rate: Rate | None = None,
    says: Says = Says(),
) -> Callable[[Handler], Callable[..., HttpResponse]]:
    """Make `handler(self, call, question, **ids) -> Reply` a method of a PartnerAPIView.

    `parse` makes the question of the JSON body or, without a body, of the query (a dict of texts); without
    `parse` the handler gets no question, with `keeps_raw` it gets the JSON, too. `needs` names what the level must
    allow, `rate` a limit narrower than that of all requests. A route that takes an idempotency key runs in one
    transaction under the lock of the connection. `says` is for those who read the OpenAPI document.
    """
    rules = Rules(parse, keeps_raw, needs, works_while_paused, rate, says)

    def decorate(handler: Handler) -> Callable[..., HttpResponse]:
        @wraps(handler)
        def answer(self: "PartnerAPIView", request: Request, **ids: str) -> HttpResponse:
            call = call_of(request)
            if call is None:
                raise NotAuthenticated(problem_of(ProblemCode.SIGNATURE))
            _check_media_type(call)
            run = _answer_once if needs_idempotency_key(call.method, call.target) else _answer
            return to_response(run(call, rules, lambda call, *question: handler(self, call, *question, **ids)))

        answer.rules = rules  # type: ignore[attr-defined]
        return answer

    return decorate


class PartnerAPIView(APIView):
    """The base of every endpoint: it has no other ways in, and one without `@endpoint` stops the start."""

    http_method_names = ["get", "post", "delete"]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for method in cls.http_method_names:
            if method in cls.__dict__ and rules_of(cls, method) is None:
                raise TypeError(f"{cls.__name__}.{method} does not say what it needs")

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """There is one format; what a partner says he accepts changes nothing."""
        return JSONRenderer(), "application/json"

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        problem = problem_for(exc)
        if problem is None:
            raise exc
        return to_response(Reply.problem(problem))


def rules_of(view: object, method: str) -> Rules | None:
    """The rules of a view's method; None where it has no such method."""
    return getattr(getattr(view, method.lower(), None), "rules", None)


def to_response(reply: Reply) -> HttpResponse:
    response = HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)
    if not reply.body:
        del response.headers["Content-Type"]
    if reply.is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    response.refused_for = reply.refused_for  # type: ignore[attr-defined]
    if reply.retry_after is not None:
        response.headers["Retry-After"] = str(reply.retry_after)
    return response


def refused_for(response: HttpResponse) -> str:
    """The code of the problem that an answer is, '' for any other."""
    return getattr(response, "refused_for", "")


def _answer(call: PartnerCall, rules: Rules, effect: Handler) -> Reply:
    """A question, or what takes its lock itself. Whoever held his body back is told no more than is his now."""
    if call.body:
        call = replace(call, connection=call.connection.reread())
    check_connection(call.connection, rules)
    return effect(call, *_question(call, rules))


def _answer_once(call: PartnerCall, rules: Rules, effect: Handler) -> Reply:
    """An effect that happens once however often it is asked for (protocol §6)."""
    key = call.idempotency_key
    if key is None:
        raise ApiProblem(ProblemCode.IDEMPOTENCY_REQUIRED)
    with transaction.atomic():
        connection = call.connection.locked()
        stored = _stored_reply(call, key)
        if stored:
            return stored
        check_connection(connection, rules)
        question = _question(call, rules)
        reply = _effect_or_refusal(replace(call, connection=connection), effect, question)
        _store(call, key, reply)
        return reply


def _effect_or_refusal(call: PartnerCall, effect: Handler, question: tuple[Any, ...]) -> Reply:
    """The effect, or the 422 it found itself, which undoes it and is stored like a success."""
    try:
        with transaction.atomic():
            return effect(call, *question)
    except (BusinessError, FieldErrors) as error:
        problem = problem_for(error)
        if problem is None or problem.status != 422:
            raise
        return Reply.problem(problem)


def check_connection(connection: PartnerConnection, rules: Rules) -> None:
    """State, then level; `connection` as it is now, with its contact."""
    if connection.closed_at:
        raise ApiProblem(ProblemCode.CLOSED)
    if connection.paused_at and not rules.works_while_paused:
        raise ApiProblem(ProblemCode.PAUSED)
    if rules.needs and not getattr(ALLOWS[connection.effective_level], rules.needs):
        raise ApiProblem(ProblemCode.LEVEL)


def _check_media_type(call: PartnerCall) -> None:
    if call.body and call.content_type.partition(";")[0].strip().lower() != "application/json":
        raise ApiProblem(ProblemCode.MEDIA_TYPE)


def _question(call: PartnerCall, rules: Rules) -> tuple[Any, ...]:
    if rules.parse is None:
        return ()
    raw = loads_strict(call.body) if call.method == "POST" else _query(call.target)
    question = rules.parse(raw)
    return (question, raw) if rules.keeps_raw else (question,)


def _query(target: str) -> Json:
    """The query as a document, so that the same readers check it; what is repeated counts once, the last.

    Django's own reader crashes beyond a number of parameters; here the size of the request's head is the limit.
    """
    return dict(parse_qsl(target.partition("?")[2], keep_blank_values=True))


def _fingerprint(call: PartnerCall) -> str:
    return hashlib.sha256(b"\n".join((call.method.encode(), call.target.encode(), call.body))).hexdigest()


def _stored_reply(call: PartnerCall, key: UUID) -> Reply | None:
    stored = call.connection.stored_answers.filter(key=key).first()
    if stored is None:
        return None
    if stored.fingerprint != _fingerprint(call):
        raise ApiProblem(ProblemCode.IDEMPOTENCY_REUSE)
    content_type = "application/json" if stored.status < 300 else "application/problem+json"
    return Reply(stored.status, bytes(stored.body), content_type, is_replayed=True)


def _store(call: PartnerCall, key: UUID, reply: Reply) -> None:
    call.connection.stored_answers.create(
        key=key,
        fingerprint=_fingerprint(call),
        status=reply.status,
        body=reply.body,
        created_at=call.now,
    )
