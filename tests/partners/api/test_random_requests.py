"""Some two thousand requests made of the OpenAPI document, good ones and bad ones, each signed by a real partner; on
SQLite, where the same code answers and the database refuses less, a quarter of them.

Whatever comes is answered as the document says: no 5xx, no status, media type, problem or body that is not written
there (protocol §4, §5; security.md rows 14, 25). The seed is fixed, and the clock goes on by two seconds a request, so
that the limits of real partners hold here, too.
"""

import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
import schemathesis
import time_machine
from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from partners.api.schema import WELL_KNOWN, openapi
from partners.models import PartnerConnection, public_halves
from partners.protocol.signing import API_ROOT, fresh_nonce, needs_idempotency_key, sign_request, verify_response
from partners.transport import RawAnswer
from tests.fakes import InProcess, deliver
from tests.partners.api.examples import BEGINNING, NEXT_KEY, Companies, Example, examples

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LEAST = 2000
SHARE = 1 if database.vendor == "postgresql" else 4
# Of each endpoint so many good and bad ones: more where there is much to say, fewer where making them up takes long.
USUAL = (95, 45)
COUNTS = {
    "GET /articles": (190, 110),
    "POST /availability": (170, 60),
    "POST /orders": (170, 25),
    "POST /order-events": (70, 10),
}
ALONE = 20  # where there is nothing to say
UNSIGNED = {401, 410, 413, 429, 503}
NO_JSON = [b"{", b"[" * 40, b'{"a":1,"a":2}', b'{"a":"\\u0000"}', b"\xff", b"NaN"]
PERIODS = [
    {"start": "2027-07-01T06:00:00Z", "end": "2027-07-04T18:00:00Z", "zone": "Europe/Berlin"},
    {"start": "2027-12-01T09:00:00Z", "end": "2027-12-01T09:00:00.000001Z", "zone": "Pacific/Apia"},
    {"start": "2030-12-31T23:59:59Z", "end": "2199-12-31T23:59:59.999999Z", "zone": "UTC"},
]
KNOWN: dict[str, list[Any]] = {
    "article": ["4711", "4711", "4712", "9999"],
    "category": ["12", "31", "99"],
    "currency": ["EUR", "EUR", "CHF"],
    "quantity": [1, 2, 999_999],
}


@dataclass
class Network:
    """Aurora asks Bassline, or Bassline reports to Aurora: whoever does what an endpoint is for."""

    companies: Companies
    clock: Any
    chance: random.Random = field(default_factory=lambda: random.Random(20270601))
    told: Counter[tuple[str, int]] = field(default_factory=Counter)

    def try_out(self, case: Case, name: str) -> None:
        """Send one case and hold the answer against the document; an end of the connection is taken back."""
        self.clock.shift(timedelta(seconds=2))
        caller, answerer = self._sides(name)
        self._set(answerer)
        prepared = self._prepared(case, name, answerer)
        before = transaction.savepoint()
        headers = self._signed(caller, prepared, name)
        answer = deliver(str(prepared.method), prepared.path_url, headers, prepared.body or b"")
        self.told[name, answer.status] += 1
        case.validate_response(_as_response(prepared, answer), checks=CHECKS)
        if answer.status not in UNSIGNED:
            _require_signature(caller, headers, answer)
        ended = PartnerConnection.objects.filter(pk__in=(caller.pk, answerer.pk), closed_at__isnull=False).exists()
        (transaction.savepoint_rollback if ended else transaction.savepoint_commit)(before)

    def _sides(self, name: str) -> tuple[PartnerConnection, PartnerConnection]:
        buyer, supplier = self.companies.buyer, self.companies.supplier
        return (supplier, buyer) if name == "POST /order-events" else (buyer, supplier)

    def _set(self, answerer: PartnerConnection) -> None:
        """Mostly open; now and then paused, or on a level that does not allow it."""
        now = timezone.now()
        paused_at = now if self.chance.random() < 0.03 else None
        level = self.chance.choice([2] * 12 + [1, 0])
        PartnerConnection.objects.filter(pk=answerer.pk).update(paused_at=paused_at, level=level)

    def _prepared(self, case: Case, name: str, answerer: PartnerConnection) -> requests.PreparedRequest:
        """The very bytes that go out: most cases get something that means something here."""
        makes_sense = self.chance.random() < 0.8
        if makes_sense and case.path_parameters:
            case.path_parameters = self._with(self._known_ids(answerer), case.path_parameters)
        request = case.as_transport_kwargs(base_url=f"http://testserver{API_ROOT}")
        request["headers"] = {}
        body = request.pop("json", None)
        if makes_sense:
            request["params"] = self._asked(request["params"])
            body = self._sensible(name, body)
        if body is not None:
            request["data"] = json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
        if request.get("data") and self.chance.random() < 0.03:
            request["data"] = self.chance.choice(NO_JSON)
        return requests.Request(**request).prepare()

    def _known(self) -> dict[str, list[Any]]:
        return KNOWN | {key: [text] for key, text in self.chance.choice(PERIODS).items()}

    def _known_ids(self, answerer: PartnerConnection) -> dict[str, list[str]]:
        orders = answerer.orders.order_by("pk").values_list("order_id", flat=True)
        named = {"article_id": ["4711", "4712"], "keyid": [NEXT_KEY.keyid]}
        return named | ({"order_id": [str(order_id) for order_id in orders]} if orders else {})

    def _asked(self, made_up: dict[str, Any]) -> dict[str, Any]:
        """Periods whole, and seldom a cursor, which nobody can make up."""
        known = self._known()
        if self.chance.random() < 0.9:
            made_up.pop("cursor", None)
        for first, last in (("start", "end"), ("use_start", "use_end")):
            if made_up.keys() & {first, last}:
                made_up |= {first: known["start"][0], last: known["end"][0]}
        return self._with(known, made_up)

    def _with(self, known: dict[str, list[Any]], value: Any, at: str = "") -> Any:
        """The value with things that are known here instead of those made up."""
        if at in known:
            return self.chance.choice(known[at])
        if isinstance(value, dict):
            return {key: self._with(known, item, key) for key, item in value.items()}
        return [self._with(known, item, at) for item in value] if isinstance(value, list) else value

    def _sensible(self, name: str, made_up: Any) -> Any:
        """An example of the page with something of what was made up, or what was made up about things known here."""
        shown = [example.body for example in examples() if example.body and _is_of(example, name)]
        if not shown or self.chance.random() < 0.3:
            return self._with(self._known(), made_up)
        body = self._mixed(self.companies.real(self.chance.choice(shown)), made_up)
        if name == "POST /orders":
            body = self._with({"id": [str(UUID(int=self.chance.getrandbits(128))) for _ in range(2)]}, body)
        return body

    def _mixed(self, shown: Any, made_up: Any) -> Any:
        if isinstance(shown, dict) and isinstance(made_up, dict):
            return {key: self._mixed(value, made_up[key]) if key in made_up else value for key, value in shown.items()}
        return made_up if self.chance.random() < 0.04 else shown

    def _signed(self, caller: PartnerConnection, request: requests.PreparedRequest, name: str) -> dict[str, str]:
        """Signed as by the partner; now and then without a key that is needed, or in another media type."""
        method, target, body = str(request.method), request.path_url, request.body or b""
        needs_key = needs_idempotency_key(method, target) and self.chance.random() < 0.96
        headers = sign_request(
            method=method,
            origin=caller.peer_origin,
            target=target,
            connection_id=caller.peer_connection_id or caller.pk,
            key=caller.own_key(),
            now=timezone.now(),
            nonce=fresh_nonce(),
            body=body if isinstance(body, bytes) else body.encode(),
            idempotency_key=UUID(int=self.chance.getrandbits(128)) if needs_key else None,
            new_key=(NEXT_KEY, fresh_nonce()) if name == "POST /keys" else None,
        )
        if self.chance.random() < 0.02:
            headers[self.chance.choice(sorted(headers))] = self.chance.choice(["", "x", "text/plain", '"'])
        return headers


def _is_of(example: Example, name: str) -> bool:
    method, _, path = name.partition(" ")
    return example.method == method and bool(re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), example.target))


def _as_response(request: requests.PreparedRequest, answer: RawAnswer) -> Response:
    headers = {name.lower(): [value] for name, value in answer.headers}
    return Response(answer.status, headers, answer.body, request, elapsed=0.0, verify=False)


def _require_signature(caller: PartnerConnection, headers: dict[str, str], answer: RawAnswer) -> None:
    verify_response(
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        request_signature=headers["Signature"],
        keys=public_halves(caller.peer_keys(timezone.now())),
        now=timezone.now(),
    )


def test_no_request_gets_an_answer_that_is_not_in_the_document(
    db: None, network: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with time_machine.travel(BEGINNING, tick=False) as clock:
        companies = Companies()
        companies.order_of_the_buyer()
        net = Network(companies, clock)
        for operation in schemathesis.openapi.from_dict(_unheaded()).get_all_operations():
            _try_out(net, operation.ok())
    total = sum(net.told.values())
    with capsys.disabled():
        statuses = Counter(status for (_name, status), count in net.told.items() for _ in range(count))
        print(f"\n{total} random requests, answered {dict(sorted(statuses.items()))}")
    assert total >= LEAST // SHARE
    names = {name for name, _status in net.told}
    assert {name for name in names if not any(net.told[name, status] for status in (200, 201, 204))} == set()
    assert companies.supplier.orders.count() > 20 // SHARE


def _unheaded() -> Any:
    """The document without headers, which are signed over what goes out and not made up."""
    document = json.loads(json.dumps(openapi()))
    for item in document["paths"].values():
        for operation in (item[method] for method in item if method != "servers"):
            named = operation.get("parameters", [])
            operation["parameters"] = [parameter for parameter in named if "$ref" not in parameter]
    return document


def _try_out(net: Network, operation: Any) -> None:
    name = f"{operation.method.upper()} {operation.path}"
    if operation.path == WELL_KNOWN:
        return
    if not (operation.path_parameters or operation.query or operation.body):
        for _ in range(ALONE):
            net.try_out(operation.Case(), name)
        return
    for mode, count in zip((GenerationMode.POSITIVE, GenerationMode.NEGATIVE), COUNTS.get(name, USUAL), strict=True):

        @given(operation.as_strategy(mode))
        @settings(
            max_examples=-(-count // SHARE),
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def each(case: Case) -> None:
            net.try_out(case, name)

        each()
