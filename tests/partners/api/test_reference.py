"""The API described: one document made of the routes, and a page that asks no other host (protocol §3, §4)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import ConsoleMessage, Page, Request
from pytest_django.live_server_helper import LiveServer

from partners.api.gateway import OPEN, WELL_KNOWN
from partners.api.schema import openapi
from partners.models import PartnerConnection
from partners.protocol.wire import STATUS, ProblemCode
from tests.axe import violations
from tests.fakes import deliver

SCHEMA, DOCS = "/api/partner/v1/schema", "/api/partner/v1/docs"
Operation = tuple[str, str, dict[str, Any]]


def operations() -> Iterator[Operation]:
    for path, item in openapi()["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                yield path, method, operation


def unproven() -> bytes:
    return deliver("GET", "/api/partner/v1/connection", {}, b"").body


# --- the document -------------------------------------------------------------------------------------
def test_it_is_an_openapi_document() -> None:
    schema = schemathesis.openapi.from_dict(openapi())
    schema.validate()
    assert {f"{found.ok().method} {found.ok().path}" for found in schema.get_all_operations()} == {
        f"{method} {path}" for path, method, _operation in operations()
    }


def test_every_route_and_method_is_described_and_nothing_else() -> None:
    routes = {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", f"/{route.pattern}"), method)
        for route in get_resolver("partners.api.urls").url_patterns
        for method in ("get", "post", "put", "patch", "delete", "head", "options")
        if hasattr(route.callback.view_class, method) and method in route.callback.view_class.http_method_names
    }
    assert {(path, method) for path, method, _ in operations()} == routes | {(WELL_KNOWN, "get")}


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()), ids=lambda value: str(value)[:30])
def test_each_says_what_it_asks_and_answers(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    success, *_ = operation["responses"].values()
    assert success.get("content") or "204" in operation["responses"]
    if path == WELL_KNOWN:
        return
    assert {"401", "410", "413", "429", "503"} <= operation["responses"].keys()
    headers = {parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"] if "$ref" in parameter}
    assert headers >= {"Connection", "SignatureInput", "Signature"}
    assert ("requestBody" in operation) == ("ContentDigest" in headers) == (method == "post")
    assert ("IdempotencyKey" in headers) == ("428" in operation["responses"])
    assert set(re.findall(r"{(\w+)}", path)) == {p["name"] for p in operation["parameters"] if p.get("in") == "path"}


def test_every_problem_stands_somewhere_under_its_status() -> None:
    told = {
        (code, int(status))
        for _path, _method, operation in operations()
        for status, answer in operation["responses"].items()
        for code in re.findall(r"`([a-z-]+)`", answer["description"])
    }
    beyond_endpoints = {ProblemCode.METHOD, ProblemCode.PROTOCOL}
    assert told == {(code.value, status) for code, status in STATUS.items() if code not in beyond_endpoints}


# --- the way to it ------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("path", [SCHEMA, DOCS])
def test_anybody_may_read_it_and_learns_nothing_of_anybody(
    pair: tuple[PartnerConnection, PartnerConnection], path: str
) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert (
        "script-src" in answer["Content-Security-Policy"] or "default-src 'self'" in answer["Content-Security-Policy"]
    )
    for side in pair:
        for secret in (side.tenant.name, side.tenant.wire_id, str(side.pk), side.contact.name):
            assert secret.encode() not in answer.content


@pytest.mark.django_db
def test_the_document_is_the_one_that_the_code_makes() -> None:
    answer = Client().get(SCHEMA)
    assert (answer["Content-Type"], answer.cookies) == ("application/json", {})
    assert answer.json() == openapi()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", sorted(OPEN))
def test_it_can_only_be_read(path: str, method: str) -> None:
    answer = deliver(method, path, {}, b"")
    assert (answer.status, answer.body) == (401, unproven())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        *(f"{path}{more}" for path in sorted(OPEN) for more in ("/", "/x", ".json", "%2F", "%20", "/../connection")),
        "/api/partner/v1/Schema",
        "/api/partner/v1//schema",
        "/api/partner/schema",
        "/api/partner/v01/schema",
        "/api/partner/v1/schema/../docs",
    ],
)
def test_the_door_beside_it_stays_shut(path: str) -> None:
    answer = deliver("GET", path, {}, b"")
    assert (answer.status, answer.body) == (401, unproven()) or answer.status == 426


@pytest.mark.django_db
def test_another_major_version_describes_nothing_here() -> None:
    assert deliver("GET", "/api/partner/v2/schema", {}, b"").status == 426


# --- the page -----------------------------------------------------------------------------------------
def test_the_page_lists_the_endpoints_in_light_and_dark_and_asks_no_other_host(
    transactional_db: None, page: Page, live_server: LiveServer
) -> None:
    complaints: list[str] = []
    asked: set[str] = set()

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def host(request: Request) -> None:
        asked.add("/".join(request.url.split("/")[:3]))

    page.on("console", note)
    page.on("request", host)
    page.goto(live_server.url + DOCS)
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() == len(list(operations()))
    page.get_by_role("button", name="POST /availability").first.click()
    page.locator(".opblock-body").get_by_text("bottleneck").first.wait_for()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("[data-ewx-theme-button]").click(click_count=2)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    assert page.locator("html.dark-mode").count() == 1
    assert (complaints, asked) == ([], {live_server.url})


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_only_the_order_of_headings_stays_as_swagger_makes_it(
    transactional_db: None, page: Page, live_server: LiveServer, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(live_server.url + DOCS)
    page.get_by_role("button", name="POST /availability").first.click()
    page.locator(".opblock-body").get_by_text("bottleneck").first.wait_for()
    assert {found.partition(":")[0] for found in violations(page)} == {"heading-order"}
