"""What every test may ask for. First the bench: mail server, Redis, browser. Then the cast."""

import gc
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, TransactionTestCase
from playwright.sync_api import ConsoleMessage, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from eventworx import installation, limits
from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from tests import services
from tests.emptying import empty_what_was_filled
from tests.factories import make_tenant, make_user
from tests.fakes import NeverLooksAgain
from tests.honesty import pytest_sessionfinish, pytest_terminal_summary  # noqa: F401
from tests.mailserver import MailServer, mail_server

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Of one example; as long as this a machine may be busy with something else.
hypothesis.settings.register_profile("suite", deadline=timedelta(seconds=3))
hypothesis.settings.load_profile("suite")

# Whoever asks for none of these is kept from the database by pytest-django.
DATABASE = {"db", "transactional_db", "live_server"}


def pytest_collection_finish() -> None:
    """What was read to get here stays to the end: looking through it again and again took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a page drives a browser; whoever asks for no database can tell nothing of a second one."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if "page" in asked:
            item.add_marker(pytest.mark.browser)
        if not asked & DATABASE and not any(item.iter_markers("django_db")) and not any(item.iter_markers("postgres")):
            item.add_marker(pytest.mark.plain)


@pytest.fixture(scope="session", autouse=True)
def original() -> Iterator[None]:
    """This installation is no copy; asking for it costs no query, because pages count theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installation, "watch", NeverLooksAgain())
        yield


@pytest.fixture(scope="session", autouse=True)
def swiftly_emptied() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_what_was_filled)
        yield


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test used up is not used up for the next."""
    monkeypatch.setattr(limits, "_used_up", {})


@pytest.fixture
def migrated(tmp_path: Path, db: None) -> Path:
    """A database file of today's schema with nothing in it, for an installation that a test starts as processes."""
    path = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as ours, closing(sqlite3.connect(path)) as copy:
        ours.backup(copy)
    return path


@pytest.fixture
def smtp(settings: Settings) -> Iterator[MailServer]:
    """A real mail server; everything that Django sends in this test goes there."""
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis that may be flushed and filled at will."""
    with services.redis() as url:
        yield url


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """pytest-playwright's launch options: the machine's own Chromium."""
    return {"executable_path": services.chromium(), "headless": True, "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"locale": "de-DE", "timezone_id": "Europe/Berlin", "viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def enter(page: Page, live_server: LiveServer) -> Callable[[User], None]:
    """Somebody is logged in, in the page's browser."""

    def as_user(user: User) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])

    return as_user


@pytest.fixture
def tolerated() -> tuple[str, ...]:
    """How what the console may say begins: nothing is, unless a module says otherwise."""
    return ()


@pytest.fixture
def complaints(page: Page, tolerated: tuple[str, ...]) -> Iterator[list[str]]:
    """What the browser wrote to its console: CSP refusals, missing files, errors in scripts; in the end nothing."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(tolerated):
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert found == []


# --- the cast --------------------------------------------------------------------------------------
# aurora hires, bassline lends, cymbal must never see anything.
@pytest.fixture
def aurora(db: None) -> Tenant:
    return make_tenant("aurora", "Aurora Veranstaltungstechnik")


@pytest.fixture
def bassline(db: None) -> Tenant:
    return make_tenant("bassline", "Bassline Rental")


@pytest.fixture
def cymbal(db: None) -> Tenant:
    return make_tenant("cymbal", "Cymbal Events")


@pytest.fixture
def log_in() -> Callable[..., Client]:
    """A test client logged in as a fresh member: `log_in(aurora, Role.ADMIN)`."""

    def as_member(tenant: Tenant, role: Role = Role.ADMIN) -> Client:
        client = Client()
        client.force_login(make_user(tenant, role))
        return client

    return as_member
