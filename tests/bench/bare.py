"""What a signed search is compared with: WSGI applications that do as little as can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import path

from eventworx.prepared import spoken
from inventory.models import Article

Statement = tuple[str, Any]
# Of a project that was just started (`django-admin startproject`).
_MIDDLEWARE = [
    "tests.bench.bare.at_own_addresses",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


class Bare:
    """No request, no proof and no rules: the statements of a target through the driver alone, and what they answer
    written by orjson. Its connection stays open. `before`: statements that are executed on that first, once."""

    def __init__(self, statements: Mapping[str, Sequence[Statement]], before: Iterable[Statement] = ()) -> None:
        self.statements = statements
        own = connection.copy()
        own.ensure_connection()
        self.driver: Any = own.connection
        for statement in before:
            self.driver.cursor().execute(*statement)

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        rows, cursor = [], self.driver.cursor()
        for text, params in self.statements[f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"]:
            cursor.execute(*_for_driver(text, params))
            rows += cursor.fetchall()
        body = orjson.dumps(rows, default=str)
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def _for_driver(text: str, params: Any) -> Statement:
    """As Django hands it on: SQLite has other placeholders."""
    if connection.vendor == "postgresql" or not params:
        return text, params or None
    return text.replace("%s", "?").replace("%%", "%"), params


def statements_of(work: Callable[[], object]) -> list[Statement]:
    """What is asked of articles and their stock meanwhile, as it stands: nothing is executed by a name."""
    with override_settings(EWX_DATABASE_POOLED=True):
        return [(text, params) for text, params in _asked(work) if "inventory_" in text]


def by_name(work: Callable[[], object]) -> tuple[list[Statement], dict[str, Statement]]:
    """The same as it is executed where plans are kept, and what prepares each name."""
    plain = statements_of(work)
    work()
    names = {text for text, _params in _asked(work)}
    named = [(spoken(text, is_known=True, is_old=False), text, params) for text, params in plain]
    said = [(name if name in names else text, params) for name, text, params in named]
    first = {name: (spoken(text, is_known=False, is_old=True), params) for name, text, params in named if name in names}
    return said, first


def _asked(work: Callable[[], object]) -> list[Statement]:
    found: list[Statement] = []

    def note(execute: Callable[..., Any], text: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        found.append((text, params))
        return execute(text, params, many, context)

    with connection.execute_wrapper(note):
        work()
    return found


def trivial_application() -> WSGIHandler:
    """A Django project with one view."""
    with override_settings(MIDDLEWARE=_MIDDLEWARE):
        return WSGIHandler()


def at_own_addresses(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__  # type: ignore[attr-defined]
        return get_response(request)

    return respond


def article(_request: HttpRequest, tenant_id: int, number: str) -> HttpResponse:
    found = Article.objects.get(tenant_id=tenant_id, number=number)
    return JsonResponse({"number": found.number, "name": found.name, "owned": found.owned, "price": found.rental_price})


urlpatterns = [path("<int:tenant_id>/<str:number>", article)]
