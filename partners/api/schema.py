"""The OpenAPI document of the partner API (protocol §3-§5), made of what it describes.

Routes come from the URL table, what an endpoint asks and answers from its rules, documents from the readers of the
wire, refusals from the table of problems. It says nothing about any company and is open to everybody.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.urls import URLPattern
from django.urls.converters import UUIDConverter

from partners.api.base import PartnerAPIView, Rules, rules_of
from partners.api.urls import urlpatterns
from partners.protocol.signing import API_ROOT, needs_idempotency_key
from partners.protocol.versions import OURS
from partners.protocol.wire import CONTENT_TYPE, STATUS, ProblemCode, fields, parse_problem
from partners.protocol.wire.fields import SHAPES, Shape
from partners.protocol.wire.schema import Outlines

WELL_KNOWN = "/.well-known/ewx-partner"
# Of every endpoint: what comes before the nonce, and what holds for the installation or the connection as a whole.
_ALWAYS = (
    ProblemCode.SIGNATURE,
    ProblemCode.CLOSED,
    ProblemCode.TOO_LARGE,
    ProblemCode.RATE,
    ProblemCode.MAINTENANCE,
    ProblemCode.QUARANTINE,
)
_WITH_BODY = (ProblemCode.MALFORMED, ProblemCode.MEDIA_TYPE)
_WITH_KEY = (ProblemCode.IDEMPOTENCY_REQUIRED, ProblemCode.IN_PROGRESS, ProblemCode.IDEMPOTENCY_REUSE)
_PLACEHOLDER = re.compile(r"\{\w+\}")
_CONVERTER = re.compile(r"<\w+:(\w+)>")
_DESCRIPTION = """\
Two companies on separate servers, each with the other's public key: search, availability, orders.

Every request is signed (RFC 9421, Ed25519), and so is every answer to one that is proven; how, and how keys are
exchanged, stands in the text of the partner protocol. Beside what stands at each endpoint an unknown route is 404
`not-found`, another method 405 `method` and a path of another major version 426 `protocol`. Fields that are absent
and those that are null mean the same; unknown ones are ignored."""


def _header(description: str, schema: Shape, name: str = "") -> dict[str, Any]:
    described = {"description": description, "schema": schema}
    return {"name": name, "in": "header", "required": True} | described if name else described


_TEXT: Shape = {"type": "string"}
_DIGEST: Shape = {"type": "string", "pattern": "^sha-256=:[A-Za-z0-9+/]{43}=:$"}
_REQUEST_HEADERS = {
    "Connection": _header("The receiver's connection id.", SHAPES[fields.uuid], "EWX-Connection"),
    "SignatureInput": _header("RFC 9421, label `ewx`, in the profile of §3.", _TEXT, "Signature-Input"),
    "Signature": _header("Ed25519, label `ewx`.", _TEXT, "Signature"),
    "ContentDigest": _header("RFC 9530, of the body.", _DIGEST, "Content-Digest"),
    "IdempotencyKey": _header("The same across retries; covered.", SHAPES[fields.uuid], "Idempotency-Key"),
}
_ANSWER_HEADERS = {
    "Signature-Input": _header("As of requests; covers status, media type, digest and the request's signature.", _TEXT),
    "Signature": _header("Missing where nothing was proven, and at 410.", _TEXT),
    "Content-Digest": _header("RFC 9530, where there is a body.", _DIGEST),
    "Idempotent-Replayed": _header("`true` where a stored answer is repeated.", _TEXT),
}


@cache
def openapi() -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    outlines = Outlines()
    outlines.of(parse_problem.read)
    paths = {f"/{_path(route)}": dict(_operations(route, outlines)) for route in urlpatterns}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Eventworx partner protocol", "version": str(OURS.max), "description": _DESCRIPTION},
        "servers": [{"url": API_ROOT}],
        "paths": {WELL_KNOWN: _well_known(), **paths},
        "components": {
            "schemas": outlines.documents,
            "parameters": _REQUEST_HEADERS,
            "headers": _ANSWER_HEADERS,
        },
    }


def _path(route: URLPattern) -> str:
    """`articles/<slug:article_id>` as `articles/{article_id}`."""
    return _CONVERTER.sub(r"{\1}", str(route.pattern))


def _operations(route: URLPattern, outlines: Outlines) -> Iterator[tuple[str, dict[str, Any]]]:
    view: type[PartnerAPIView] = route.callback.view_class  # type: ignore[attr-defined]
    for method in view.http_method_names:
        rules = rules_of(view, method)
        if rules:
            text: str = getattr(view, method).__doc__
            told = {
                "operationId": method + view.__name__.removesuffix("View"),
                "tags": [view.__module__.rpartition(".")[2]],
                "summary": text.partition(". ")[0].rstrip("."),
                "description": text,
            }
            yield method, told | _operation(route, method, rules, outlines)


def _operation(route: URLPattern, method: str, rules: Rules, outlines: Outlines) -> dict[str, Any]:
    """A POST reads its question in the body, everything else in the query."""
    has_body = method == "post"
    is_keyed = needs_idempotency_key(method.upper(), f"{API_ROOT}/{_PLACEHOLDER.sub('x', _path(route))}")
    codes = _codes(rules, has_ids=bool(route.pattern.converters), has_body=has_body, is_keyed=is_keyed)
    described: dict[str, Any] = {
        "parameters": [*_ids(route), *_headers(has_body, is_keyed)],
        "responses": dict(_successes(rules, outlines)) | dict(_refusals(codes)),
    }
    if rules.parse and has_body:
        described["requestBody"] = {"required": True, "content": _json(outlines.of(rules.parse.read))}
    elif rules.parse:
        asked, _needed = outlines.fields_of(rules.parse.read)
        described["parameters"] += [{"name": name, "in": "query", "schema": shape} for name, shape in asked.items()]
    return described


def _codes(rules: Rules, *, has_ids: bool, has_body: bool, is_keyed: bool) -> set[ProblemCode]:
    codes = {*_ALWAYS, *rules.says.refusals}
    codes |= {ProblemCode.NOT_FOUND} if has_ids else set()
    codes |= {*_WITH_BODY} if has_body else set()
    codes |= {*_WITH_KEY} if is_keyed else set()
    codes |= {ProblemCode.INVALID} if rules.parse else set()
    codes |= {ProblemCode.LEVEL} if rules.needs else set()
    return codes if rules.works_while_paused else codes | {ProblemCode.PAUSED}


def _ids(route: URLPattern) -> Iterator[dict[str, Any]]:
    for name, converter in route.pattern.converters.items():
        shape = SHAPES[fields.uuid if isinstance(converter, UUIDConverter) else fields.identifier]
        yield {"name": name, "in": "path", "required": True, "schema": shape}


def _headers(has_body: bool, is_keyed: bool) -> list[dict[str, str]]:
    names = ["Connection", "SignatureInput", "Signature"]
    names += ["ContentDigest"] if has_body else []
    names += ["IdempotencyKey"] if is_keyed else []
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _successes(rules: Rules, outlines: Outlines) -> Iterator[tuple[str, dict[str, Any]]]:
    content: dict[str, Any] = {name: {} for name in rules.says.media_types}
    if rules.says.document:
        content = _json(outlines.of(rules.says.document.read))
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _ANSWER_HEADERS}
    for status in rules.says.statuses:
        yield str(status), {"description": "Signed.", "headers": headers} | ({"content": content} if content else {})


def _refusals(codes: Iterable[ProblemCode]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One answer for each status, with the problems that it may stand for."""
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in sorted(codes):
        by_status[STATUS[code]].append(code.value)
    for status, found in sorted(by_status.items()):
        types = {"type": {"type": "string", "pattern": f"(^|[/:])({'|'.join(found)})$"}}
        schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"properties": types, "required": ["type"]}]}
        told = ", ".join(f"`{code}`" for code in found)
        yield str(status), {"description": told, "content": {CONTENT_TYPE: {"schema": schema}}}


def _json(schema: Shape) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _well_known() -> dict[str, Any]:
    """The one unsigned endpoint; it lies beside the API."""
    protocols = {"type": "array", "items": {"type": "string", "pattern": r"^[0-9]+\.[0-9]+$"}}
    schema = {"type": "object", "properties": {"protocols": protocols}, "required": ["protocols"]}
    answer = {"description": "Unsigned.", "content": _json(schema)}
    told = {"tags": ["connection"], "summary": "The versions that are spoken here, and nothing more."}
    return {"servers": [{"url": "/"}], "get": {"operationId": "getWellKnown", "responses": {"200": answer}} | told}
