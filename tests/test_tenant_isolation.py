"""Every page of a tenant works for its owner and does not exist for a stranger; every role reaches what is its own.

The pages are walked as the resolver knows them: one that `tests.pages` does not know fails here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role, roles_with
from tests.pages import EVERYBODY, PAGES, Call
from tests.world import OURS, World, two_worlds, undone

NAMES = sorted(PAGES)
pytestmark = pytest.mark.django_db
# Article ids in the addresses of the material source are the partner's; any company may know them.
NOT_OURS = {"linked", "unlinked"}


@dataclass(frozen=True)
class Found:
    """A page as the resolver knows it."""

    name: str
    view: Callable[..., Any]
    parameters: tuple[str, ...]


def walk(patterns: list[Any], space: str = "", outer: tuple[str, ...] = ()) -> Iterator[Found]:
    for pattern in patterns:
        parameters = outer + tuple(pattern.pattern.converters or pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space, parameters)
        elif isinstance(pattern, URLPattern):
            yield Found(f"{space}{pattern.name}", pattern.callback, parameters)


@cache
def pages_of_tenants() -> dict[str, Found]:
    return {page.name: page for page in walk(get_resolver().url_patterns) if "tenant_slug" in page.parameters}


@pytest.fixture(scope="module")
def worlds(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[World, World]]:
    with two_worlds(django_db_blocker) as both:
        yield both


@pytest.fixture
def owner(worlds: tuple[World, World]) -> World:
    return worlds[0]


@pytest.fixture
def stranger(worlds: tuple[World, World]) -> World:
    return worlds[1]


def client_of(world: World, role: Role = Role.ADMIN) -> Client:
    """A fresh client of somebody who was logged in before all tests; what a page does to the session is undone."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = world.sessions[role]
    return client


def answer(client: Client, name: str, call: Call, below: World, path: list[Any], data: dict[str, Any]) -> HttpResponse:
    with undone():
        response = call.send(client, reverse(name, args=[below.tenant.slug, *path]), data)
        if response.streaming:
            response = whole(response)
        if data != call.filled(below):
            assert foreign_references() == []
    return response


def whole(response: Any) -> Any:
    """An answer that is made while it is read, read to its end."""
    read: Any = HttpResponse(response.getvalue(), headers=response.headers)
    read.context = response.context
    return read


def own(world: World, name: str, call: Call, role: Role = Role.ADMIN) -> HttpResponse:
    """What the owner gets; a refused form is no success."""
    world.role = role
    response = answer(client_of(world, role), name, call, world, call.ids(world), call.filled(world))
    form = response.context and response.context.get("form")
    if form is not None and response.status_code == 200:
        assert not form.errors
    return response


def foreign_references() -> list[str]:
    """Rows of one tenant that name a row of another: there are none, whatever anybody sends."""
    found = []
    for model in tenant_models():
        for foreign in model._meta.fields:
            other = foreign.related_model
            if foreign.name != "tenant" and isinstance(other, type) and other in tenant_models():
                wrong = model._default_manager.exclude(**{f"{foreign.name}__tenant": models.F("tenant")})
                found += [f"{model.__name__}.{foreign.name}" for _row in wrong.exclude(**{foreign.name: None})[:1]]
    return found


@cache
def tenant_models() -> tuple[type[models.Model], ...]:
    """All models whose rows belong to a tenant."""
    return tuple(
        model for model in apps.get_models() if any(field.related_model is Tenant for field in model._meta.fields)
    )


# --- the table and the resolver ---------------------------------------------------------------------
def test_every_page_is_known_and_every_known_page_exists() -> None:
    assert sorted(pages_of_tenants()) == NAMES


def test_no_two_pages_share_a_name() -> None:
    names = [page.name for page in walk(get_resolver().url_patterns)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("name", NAMES)
def test_the_table_fills_every_address_and_agrees_with_the_decorator(name: str) -> None:
    found, page = pages_of_tenants()[name], PAGES[name]
    assert {len(call.path) for call in page.calls} == {len(found.parameters) - 1}
    access = found.view.ewx_access  # type: ignore[attr-defined]
    assert (EVERYBODY if access is None else roles_with(access)) == page.roles


def test_the_world_has_one_of_everything(owner: World) -> None:
    """A new kind of row must appear there, or its pages could forget the tenant unseen."""
    empty = {model.__name__ for model in tenant_models() if not model._default_manager.filter(tenant=owner.tenant)}
    assert empty == set()


# --- owner and stranger -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_a_page_works_for_its_owner_and_does_not_exist_for_a_stranger(owner: World, stranger: World, name: str) -> None:
    outsider = client_of(stranger)
    for call in PAGES[name].calls:
        assert own(owner, name, call).status_code == call.status
        assert answer(outsider, name, call, owner, call.ids(owner), call.filled(owner)).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_another_company_below_the_own_name(owner: World, stranger: World, name: str) -> None:
    """Each id of the address in turn is another company's: 404. Those in the data are neither shown nor used."""
    outsider = client_of(stranger)
    for call in PAGES[name].calls:
        path, foreign_path = call.ids(stranger), call.ids(owner)
        data, foreign_data = call.filled(stranger), call.filled(owner)
        for at in (at for at, part in enumerate(call.path) if part not in NOT_OURS):
            for mixed in (foreign_path, [*path[:at], foreign_path[at], *path[at + 1 :]]):
                assert answer(outsider, name, call, stranger, mixed, data).status_code == 404
        answers = [own(stranger, name, call)]
        assert answers[0].status_code == call.status
        for field in (field for field, text in call.data.items() if text[:1] == "@"):
            mixed_data = data | {field: foreign_data[field]}
            answers.append(answer(outsider, name, call, stranger, path, mixed_data))
        for response in answers:
            assert response.status_code < 500
            assert OURS.encode() not in response.content


@pytest.mark.parametrize("name", [name for name in NAMES if PAGES[name].lists])
def test_a_list_shows_its_owner_what_strangers_must_not_see(owner: World, name: str) -> None:
    """Else the search for the word above would prove nothing."""
    for call in PAGES[name].calls:
        if call.method == "get":
            assert OURS.encode() in own(owner, name, call).content


# --- roles ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_each_role_reaches_what_is_its_own(owner: World, name: str) -> None:
    page = PAGES[name]
    for call in page.calls:
        expected = {role: call.status if role in page.roles else 403 for role in Role}
        assert {role: own(owner, name, call, role).status_code for role in Role} == expected


@pytest.mark.parametrize("name", NAMES)
def test_nobody_gets_in_without_a_login(owner: World, name: str) -> None:
    for call in PAGES[name].calls:
        response = answer(Client(), name, call, owner, call.ids(owner), call.filled(owner))
        way = response.headers.get("Location", "") + response.headers.get("HX-Redirect", "")
        assert way.startswith("/accounts/login/")


@pytest.mark.parametrize("name", NAMES)
def test_an_administrator_who_lacks_the_demanded_second_factor_gets_nowhere(owner: World, name: str) -> None:
    for call in PAGES[name].calls:
        with undone():
            Tenant.objects.filter(pk=owner.tenant.pk).update(second_factor_for_admins=True)
            response = own(owner, name, call)
        way = response.headers.get("Location", "") + response.headers.get("HX-Redirect", "")
        assert (way, response.content) == ("/accounts/second-factor/set-up/", b"")


@pytest.mark.parametrize("name", [name for name in NAMES if all(call.method == "post" for call in PAGES[name].calls)])
def test_deeds_are_not_done_by_looking(owner: World, name: str) -> None:
    path = PAGES[name].calls[0].ids(owner)
    assert client_of(owner).get(reverse(name, args=[owner.tenant.slug, *path])).status_code == 405


# --- outside of any tenant --------------------------------------------------------------------------
LOGIN = "/accounts/login/"
# Answers to anonymous and to a member of another company; a text is where one is sent to.
OUTSIDE: dict[str, tuple[str, list[Any], int | str, int | str]] = {
    "entrance:home": ("get", [], LOGIN, "/cymbal/"),
    "entrance:health": ("get", [], 200, 200),
    "entrance:language": ("post", [], "/", "/"),
    "account_login": ("get", [], 200, "/"),
    "mfa_authenticate": ("get", [], LOGIN, "/"),
    "account_logout": ("get", [], "/", 200),
    "account_inactive": ("get", [], 200, 200),
    "account_reauthenticate": ("get", [], LOGIN, 200),
    "mfa_reauthenticate": ("get", [], LOGIN, "/accounts/reauthenticate/"),
    "account_change_password": ("get", [], LOGIN, 200),
    "account_reset_password": ("get", [], 200, 200),
    "account_reset_password_done": ("get", [], 200, 200),
    "account_reset_password_from_key": ("get", ["1", "no-key"], 200, 200),
    "account_reset_password_from_key_done": ("get", [], 200, 200),
    "mfa_index": ("get", [], LOGIN, 200),
    "mfa_activate_totp": ("get", [], LOGIN, "/accounts/reauthenticate/"),
    "mfa_deactivate_totp": ("get", [], LOGIN, 404),
    "mfa_view_recovery_codes": ("get", [], LOGIN, 404),
    "mfa_generate_recovery_codes": ("get", [], LOGIN, "/accounts/reauthenticate/"),
    "mfa_download_recovery_codes": ("get", [], LOGIN, 404),
    "account_sessions": ("get", [], LOGIN, 200),
    "account_session_end": ("post", [1], LOGIN, 404),
    "account_sessions_end_others": ("post", [], LOGIN, "/accounts/sessions/"),
    "demo:mailbox": ("get", [], 404, 404),
    "demo:mail": ("get", ["1.eml", 0], 404, 404),
    "demo:attachment": ("get", ["1.eml", 0, 1], 404, 404),
    "partner_api:schema": ("get", [], 200, 200),
    "partner_api:docs": ("get", [], 200, 200),
    "partner_entrance:order": ("get", ["order_id"], LOGIN, 404),
}


def test_every_page_outside_of_tenants_is_known() -> None:
    pages = {page.name for page in walk(get_resolver().url_patterns) if "tenant_slug" not in page.parameters}
    assert pages == OUTSIDE.keys()


@pytest.mark.parametrize("name", OUTSIDE)
def test_pages_outside_of_tenants(owner: World, stranger: World, name: str) -> None:
    method, path, anonymous, member = OUTSIDE[name]
    url = reverse(name, args=[getattr(owner, str(part), part) for part in path])
    for client, expected in ((Client(), anonymous), (client_of(stranger), member)):
        with undone():
            response = getattr(client, method)(url, {"language": "en"})
        assert OURS.encode() not in response.content
        if isinstance(expected, str):
            assert response.headers["Location"].partition("?")[0] == expected
        else:
            assert response.status_code == expected


def test_the_link_in_the_mail_leads_whom_it_was_sent_to(owner: World) -> None:
    url = reverse("partner_entrance:order", args=[owner.order_id])
    inquiry = owner.tenant.url("jobs:inquiry", owner.inquiry.pk)
    assert client_of(owner).get(url).headers["Location"] == inquiry
