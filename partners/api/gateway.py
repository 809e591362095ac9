"""The one door for partner instances (protocol §3): stands before all that browsers need.

Nothing that helps browsers (sessions, cookies, languages, hosts, redirects) touches a partner's request, and
every answer to an authenticated request leaves through one place, signed.
"""

import re
from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.utils.http import http_date

from eventworx.addresses import client_address
from eventworx.installation import in_quarantine
from partners.api import rates
from partners.api.authentication import NotAuthenticated, PartnerCall, authenticate
from partners.api.base import refused_for, rules_of, to_response
from partners.api.errors import Reply, numbered, problem_of
from partners.api.rates import Rate
from partners.client import take_up_peer_key
from partners.connections import note_heard, note_refused
from partners.models import KeyState
from partners.protocol.signing import fresh_nonce, sign_response
from partners.protocol.versions import OURS
from partners.protocol.wire import Problem, ProblemCode

API_PREFIX = "/api/partner/"
WELL_KNOWN = "/.well-known/ewx-partner"
# The API as it describes itself (`partners.api.reference`): nothing of any company, the same for everybody.
OPEN = frozenset({f"{API_PREFIX}v1/schema", f"{API_PREFIX}v1/docs"})
VERSION = str(OURS.max)
QUARANTINE_RETRY_SECONDS = 300
_VERSIONED = re.compile(r"/api/partner/v(?P<major>[0-9]{1,4})(?P<route>/.*)")


class PartnerGatewayMiddleware:
    """Hands requests below the API's prefix to the gateway; lets all others pass, and who reads about the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == WELL_KNOWN:
            return _well_known(request)
        if request.path_info in OPEN and request.method in {"GET", "HEAD"}:
            return self.get_response(request)
        if request.path_info.startswith(API_PREFIX):
            return _answer(request)
        return self.get_response(request)


def _well_known(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return _unsigned(problem_of(ProblemCode.METHOD))
    return JsonResponse({"protocols": [VERSION]})


def _answer(request: HttpRequest) -> HttpResponse:
    if in_quarantine():
        return _unsigned(problem_of(ProblemCode.QUARANTINE, retry_after=QUARANTINE_RETRY_SECONDS))
    versioned = _VERSIONED.fullmatch(request.path_info)
    if versioned and versioned["major"] != "1":
        return _unsigned(problem_of(ProblemCode.PROTOCOL, supported=VERSION))
    now, address = timezone.now(), client_address(request)
    match = _match(versioned["route"] if versioned else "/")
    rules = rules_of(getattr(match.func, "view_class", None), request.method or "") if match else None
    rate = rules.rate if rules else None
    try:
        call = authenticate(request, rate=rate, now=now)
    except NotAuthenticated as refused:
        return _unsigned(_turned_away(refused, address, now))
    note_heard(connection=call.connection, now=call.now)
    if call.peer_key.state == KeyState.STAGED:
        take_up_peer_key(connection=call.connection, keyid=call.peer_key.keyid, now=call.now)
    response = _routed(request, call, match, rate)
    if reason := refused_for(response):
        note_refused(connection=call.connection, reason=reason, address=address, now=now)
    return _signed(call, response)


def _turned_away(refused: NotAuthenticated, address: str, now: datetime) -> Problem:
    """The answer to a request that proved nothing: always the same, until there were too many of them."""
    problem = refused.problem
    if problem.code == ProblemCode.SIGNATURE:
        verdict = rates.count_failed(address=address, claimed=refused.claimed, now=now)
        if not verdict.is_allowed:
            problem = problem_of(ProblemCode.RATE, retry_after=verdict.retry_after)
    is_flood = problem.code == ProblemCode.RATE
    note_refused(connection=refused.connection, reason=refused.reason, address=address, now=now, is_flood=is_flood)
    return problem


def _routed(request: HttpRequest, call: PartnerCall, match: ResolverMatch | None, rate: Rate | None) -> HttpResponse:
    """What the endpoint says to a partner who keeps to his limits."""
    verdict = call.verdict or rates.count_signed(connection=call.connection, rate=rate, now=call.now)
    if not verdict.is_allowed:
        return _refusal(problem_of(ProblemCode.RATE, retry_after=verdict.retry_after))
    if match is None:
        return _refusal(problem_of(ProblemCode.NOT_FOUND))
    request.partner_call = call  # type: ignore[attr-defined]
    return match.func(request, **match.kwargs)


def _match(route: str) -> ResolverMatch | None:
    try:
        return resolve(route, urlconf="partners.api.urls")
    except Resolver404:
        return None


def _refusal(problem: Problem) -> HttpResponse:
    return to_response(Reply.problem(numbered(problem)))


def _signed(call: PartnerCall, response: HttpResponse) -> HttpResponse:
    """The answer as the partner can prove it; 410 alone goes unsigned, its key may be gone."""
    if response.status_code == 410:
        return _plain(response)
    headers = sign_response(
        status=response.status_code,
        request_signature=call.request_signature,
        key=call.own_key,
        now=timezone.now(),
        nonce=fresh_nonce(),
        body=response.content,
        content_type=response.headers.get("Content-Type", ""),
    )
    for name, value in headers.items():
        response.headers[name] = value
    return _plain(response)


def _unsigned(problem: Problem) -> HttpResponse:
    return _plain(to_response(Reply.problem(problem)))


def _plain(response: HttpResponse) -> HttpResponse:
    """`Date` lets an honest partner see that a clock is wrong. What was refused is logged by `note_refused`."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    response.headers["Date"] = http_date()
    response.headers["Cache-Control"] = "no-store"
    return response
