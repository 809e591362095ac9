"""Internal messages: who gets them, in which language, and what reading them does."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy

from eventworx.messaging.inbox import mark_all_read, mark_read, notify
from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Permission, Role
from tests.factories import make_user

LogIn = Callable[..., Client]
NOON = datetime(2027, 7, 1, 10, tzinfo=UTC)
LATER = datetime(2027, 7, 2, 10, tzinfo=UTC)


def log_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def tell(tenant: Tenant, subject: str = "Neue Anfrage", **fields: str) -> None:
    notify(tenant=tenant, permission=Permission.EDIT_JOBS, subject=subject, **fields)


def test_everybody_who_may_gets_one(aurora: Tenant, cymbal: Tenant) -> None:
    told = [make_user(aurora, Role.ADMIN), make_user(aurora, Role.SALES)]
    make_user(aurora, Role.WAREHOUSE)
    make_user(aurora, Role.SALES, is_active=False)
    make_user(cymbal, Role.ADMIN)
    tell(aurora)
    assert {message.recipient for message in aurora.inbox_messages.select_related("recipient")} == set(told)
    assert not cymbal.inbox_messages.exists()


def test_each_in_their_own_language(aurora: Tenant) -> None:
    german, english = make_user(aurora), make_user(aurora, language="en")
    notify(
        tenant=aurora,
        permission=Permission.EDIT_JOBS,
        subject=format_lazy("{word} 7", word=gettext_lazy("Inbox")),
        body=lambda: gettext("Log out"),
    )
    assert aurora.inbox_messages.to(german).values_list("subject", "body").get() == ("Posteingang 7", "Abmelden")
    assert aurora.inbox_messages.to(english).values_list("subject", "body").get() == ("Inbox 7", "Log out")


def test_reading_keeps_the_first_time(aurora: Tenant) -> None:
    user = make_user(aurora)
    tell(aurora)
    message = aurora.inbox_messages.get()
    mark_read(message=message, now=NOON)
    mark_read(message=message, now=LATER)
    message.refresh_from_db()
    assert message.read_at == NOON
    tell(aurora)
    assert mark_all_read(tenant=aurora, user=user, now=LATER) == 1


def test_opening_marks_read_and_leads_on(aurora: Tenant) -> None:
    client = log_in_as(make_user(aurora))
    tell(aurora, link=aurora.url("messaging:mails"))
    message = aurora.inbox_messages.get()
    answer = client.get(aurora.url("messaging:message", message.pk))
    assert (answer.status_code, answer["Location"]) == (302, aurora.url("messaging:mails"))
    message.refresh_from_db()
    assert message.read_at is not None


def test_message_about_itself_is_shown(aurora: Tenant) -> None:
    client = log_in_as(make_user(aurora))
    tell(aurora, body="<b>Ladezeit</b> geändert")
    page = client.get(aurora.url("messaging:message", aurora.inbox_messages.get().pk)).content.decode()
    assert "&lt;b&gt;Ladezeit&lt;/b&gt; geändert" in page


def test_unread_count_and_filter(aurora: Tenant) -> None:
    client = log_in_as(make_user(aurora))
    for subject in ("Erste", "Zweite", "Dritte"):
        tell(aurora, subject)
    client.get(aurora.url("messaging:message", aurora.inbox_messages.get(subject="Erste").pk))
    page = client.get(aurora.url("messaging:inbox")).content.decode()
    assert "2 ungelesen" in page
    assert page.index("Dritte") < page.index("Zweite") < page.index("Erste")
    unread = client.get(aurora.url("messaging:inbox"), {"unread": "1"}, headers={"HX-Request": "true"})
    assert "Zweite" in unread.content.decode()
    assert "Erste" not in unread.content.decode()
    assert "<html" not in unread.content.decode()


def test_mark_all_as_read_is_ones_own(aurora: Tenant) -> None:
    mine, theirs = make_user(aurora), make_user(aurora)
    tell(aurora)
    log_in_as(mine).post(aurora.url("messaging:read_all"))
    assert not aurora.inbox_messages.to(mine).unread().exists()
    assert aurora.inbox_messages.to(theirs).unread().exists()


@pytest.mark.parametrize("whose", ["a colleague's", "another company's"])
def test_foreign_messages_do_not_exist(aurora: Tenant, cymbal: Tenant, whose: str) -> None:
    make_user(aurora)
    tell(aurora)
    message = aurora.inbox_messages.get()
    reader = make_user(aurora if whose == "a colleague's" else cymbal, Role.ADMIN)
    tenant = reader.memberships.get().tenant
    assert log_in_as(reader).get(tenant.url("messaging:message", message.pk)).status_code == 404
    message.refresh_from_db()
    assert message.read_at is None


def test_list_costs_the_same_for_one_and_three(aurora: Tenant) -> None:
    client = log_in_as(make_user(aurora))
    counts = []
    for more in (1, 2):
        for _ in range(more):
            tell(aurora)
        with CaptureQueriesContext(connection) as queries:
            client.get(aurora.url("messaging:inbox"))
        counts.append(len(queries))
    assert counts == [7, 7]


def test_paging_keeps_the_filter(aurora: Tenant) -> None:
    client = log_in_as(make_user(aurora))
    for number in range(51):
        tell(aurora, f"Nr. {number}")
    page = client.get(aurora.url("messaging:inbox"), {"unread": "1"}).content.decode()
    assert "1–50 von 51" in page
    assert "?unread=1&amp;page=2" in page
