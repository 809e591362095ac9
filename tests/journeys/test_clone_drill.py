"""The likeliest accident: production is copied to a test machine and started there (security.md §2, row 28).

Real servers and workers. The copy has the database and even the key ring, so it could sign and be believed.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import services
from tests.axe import assert_axe_clean
from tests.journeys.instances import Instance, two_instances
from tests.journeys.people import arrives
from tests.mailserver import MailServer, mail_server

pytestmark = pytest.mark.browser

API = "/api/partner/v1/connection"
NUMBER = "P-1"
NOTICED_WITHIN = 15.0  # seconds; 5 of the watch, the rest for a busy machine
CUSTOMER = "kunde@drill.example"
_CONTACT = """
from eventworx.tenants.models import Tenant
Tenant.objects.get(slug="{slug}").contacts.create(
    name="{name}", number="{number}", is_customer=True, is_supplier=True, email="x@{slug}.example")
"""
_MAIL = """
from eventworx.messaging.mail import queue_mail
from eventworx.tenants.models import Tenant
tenant = Tenant.objects.get(slug="{slug}")
queue_mail(tenant=tenant, to="{to}", topic="test", template="test", context={{}}, language="de")
"""


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def companies(tmp_path: Path, mails: MailServer) -> Iterator[tuple[Instance, Instance]]:
    """Aurora and Bassline, paired by their operators."""
    with two_instances(tmp_path, mails.url) as (aurora, bassline):
        for company, partner in ((aurora, bassline), (bassline, aurora)):
            company.manage("shell", "-c", _CONTACT.format(slug=company.name, name=partner.name, number=NUMBER))
        codes = {company.name: partners(company, "code") for company in (aurora, bassline)}
        partners(aurora, "enter", typed=codes["bassline"])
        partners(bassline, "enter", typed=codes["aurora"])
        eventually(lambda: all(shown(company)["connected_at"] for company in (aurora, bassline)))
        yield aurora, bassline


@pytest.fixture
def clone(companies: tuple[Instance, Instance], tmp_path: Path, mails: MailServer) -> Iterator[Instance]:
    """Aurora as it stands, with a message and a mail under way, copied while it runs; not started yet."""
    aurora = companies[0]
    aurora.stop("worker")
    partners(aurora, "pause")
    aurora.manage("shell", "-c", _MAIL.format(slug=aurora.name, to=CUSTOMER))
    mails.messages.clear()
    database = tmp_path / "clone.sqlite3"
    with closing(sqlite3.connect(tmp_path / "aurora.sqlite3")) as source, closing(sqlite3.connect(database)) as target:
        source.backup(target)
    home = tmp_path / "clone"
    home.mkdir()
    shutil.copy(aurora.home / "master.keys", home)
    copied: dict[str, Any] = {"processes": {}, "home": home, "database_url": f"sqlite:///{database}"}
    clone = dataclasses.replace(aurora, port=services.free_port(), **copied)
    yield clone
    clone.stop()


def partners(company: Instance, verb: str, typed: str = "") -> str:
    return company.manage("partners", verb, "--tenant", company.name, "--contact", NUMBER, typed=typed)


def shown(company: Instance) -> dict[str, Any]:
    named = ("--tenant", company.name, "--contact", NUMBER)
    found: dict[str, Any] = json.loads(company.manage("partners", "show", *named, "--json"))
    return found


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def under_way(clone: Instance) -> list[Any]:
    """All of the outbox and of the mail queue, with attempts and claims."""
    with closing(sqlite3.connect(clone.database_url.removeprefix("sqlite:///"))) as database:
        return [
            database.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("partners_delivery", "messaging_mailmessage")
        ]


def status_of(company: Instance) -> int:
    return company.get(API)[0]


def test_a_copy_does_no_harm_until_an_operator_adopts_it(
    companies: tuple[Instance, Instance], clone: Instance, mails: MailServer, browser: Browser
) -> None:
    aurora, bassline = companies
    before = under_way(clone)
    clone.start()
    the_clone_answers_nobody(clone)
    its_people_read_why(clone, browser)
    the_original_works(aurora, bassline, mails)
    time.sleep(5)  # of the clone's worker, which looks every second
    assert under_way(clone) == before
    assert len(mails.sent_to(CUSTOMER)) == 1
    a_lost_file_is_noticed_in_a_running_server(aurora)
    aurora.stop()
    adopting_heals(clone, bassline, mails)


def the_clone_answers_nobody(clone: Instance) -> None:
    status, text = clone.get(API)
    assert (status, json.loads(text)["type"]) == (503, "urn:ewx:problem/quarantine")
    assert clone.get("/.well-known/ewx-partner")[0] == 200
    assert clone.get("/healthz") == (200, "ok")
    clone.manage("installation", "status", code=1)
    clone.manage("partners", "test", "--tenant", clone.name, "--contact", NUMBER, code=3)


def its_people_read_why(clone: Instance, browser: Browser) -> None:
    person = arrives(browser, clone, "sales")
    expect(person.page.get_by_text("Diese Installation gilt als Kopie.")).to_be_visible()
    assert_axe_clean(person.page)


def the_original_works(aurora: Instance, bassline: Instance, mails: MailServer) -> None:
    assert status_of(aurora) == 401
    aurora.start("worker")
    eventually(lambda: shown(bassline)["paused_by"] == ["them"])
    eventually(lambda: len(mails.sent_to(CUSTOMER)) == 1)
    partners(aurora, "resume")
    eventually(lambda: shown(bassline)["paused_by"] == [])


def a_lost_file_is_noticed_in_a_running_server(aurora: Instance) -> None:
    file = aurora.home / "instance.id"
    kept = file.read_text()
    file.unlink()
    eventually(lambda: status_of(aurora) == 503, NOTICED_WITHIN)
    file.write_text(kept)
    eventually(lambda: status_of(aurora) == 401, NOTICED_WITHIN)


def adopting_heals(clone: Instance, bassline: Instance, mails: MailServer) -> None:
    """What waited goes out, and the pause that the copy still knows is told."""
    clone.manage("installation", "adopt", "--yes")
    eventually(lambda: status_of(clone) == 401, NOTICED_WITHIN)
    eventually(lambda: len(mails.sent_to(CUSTOMER)) == 2)
    partners(clone, "resume")
    partners(clone, "test")
    eventually(lambda: shown(clone)["waiting"] == 0)
    assert shown(bassline)["paused_by"] == []
