"""The mail queue against a real mail server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from eventworx.messaging.mail import (
    LEASE,
    RETRY_AFTER,
    Attachment,
    MailHealth,
    MailIsBeingSent,
    health,
    queue_mail,
    retry_mail,
    send_mail,
)
from eventworx.messaging.models import MailMessage, MailState, claim_mail
from eventworx.messaging.tasks import send_due_mails, send_one
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from tests.factories import make_contact, make_tenant
from tests.mailserver import MailServer, mail_server
from tests.services import free_port

LogIn = Callable[..., Client]
NOON = datetime(2027, 7, 1, 10, tzinfo=UTC)
TO = "jo@partner.example"


def queue(tenant: Tenant, **fields: Any) -> MailMessage:
    given: dict[str, Any] = {"topic": "test", "template": "test", "context": {}, "language": "de"} | fields
    return queue_mail(tenant=tenant, to=TO, **given)


def use_mail_server(settings: Settings, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


def test_sent_with_sender_reply_address_and_attachment(aurora: Tenant, smtp: MailServer) -> None:
    aurora.mail_sender_name, aurora.mail_reply_to = "Aurora Disposition ☼", "dispo@aurora.example"
    attachment = Attachment("b.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
    mail = queue(aurora, contact=make_contact(aurora), attachments=[attachment])
    now = mail.next_attempt_at
    send_mail(mail_id=mail.pk, now=now)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.sent_at) == (MailState.SENT, 1, now)
    (got,) = smtp.messages
    assert got["From"] == "Aurora Disposition ☼ <noreply@localhost>"
    assert (got["Reply-To"], got["To"]) == ("dispo@aurora.example", TO)
    assert got["Subject"] == "Testmail von Aurora Veranstaltungstechnik"
    (file,) = got.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("b.pdf", b"%PDF-1.7 \x00\xff")


def test_texts_are_in_the_named_language_and_unescaped(aurora: Tenant) -> None:
    aurora.name = "Ton & Licht"
    assert queue(aurora, language="en").subject == "Test mail of Ton & Licht"
    mail = queue(aurora)
    assert mail.subject == "Testmail von Ton & Licht"
    assert mail.text.startswith("Diese E-Mail zeigt")
    assert mail.text.endswith("-- \nTon & Licht\n")


def test_name_with_line_breaks_makes_no_header(aurora: Tenant, smtp: MailServer) -> None:
    aurora.name = "Aurora\nBcc: all@example.org"
    mail = queue(aurora)
    assert mail.subject == "Testmail von Aurora Bcc: all@example.org"
    send_mail(mail_id=mail.pk, now=mail.next_attempt_at)
    (got,) = smtp.messages
    assert got["From"] == '"Aurora Bcc: all@example.org" <noreply@localhost>'
    assert (got["To"], got["Bcc"]) == (TO, None)


def test_queued_with_the_deed_or_not_at_all(aurora: Tenant) -> None:
    with transaction.atomic():
        queue(aurora)
        transaction.set_rollback(True)
    assert not aurora.mails.exists()


def test_not_sent_before_it_is_due_and_never_twice(aurora: Tenant, smtp: MailServer) -> None:
    mail = queue(aurora)
    send_mail(mail_id=mail.pk, now=mail.next_attempt_at - timedelta(seconds=1))
    assert smtp.messages == []
    for _ in range(3):
        send_one(mail.pk)
        send_due_mails()
    assert len(smtp.messages) == 1


def test_server_down_is_visible_and_retried(aurora: Tenant, settings: Settings, log_in: LogIn) -> None:
    port = free_port()
    use_mail_server(settings, port)
    mail = queue(aurora)
    now = mail.next_attempt_at
    send_mail(mail_id=mail.pk, now=now)
    mail.refresh_from_db()
    assert (mail.state, mail.next_attempt_at) == (MailState.QUEUED, now + timedelta(minutes=1))
    assert "refused" in mail.last_error
    page = log_in(aurora).get(aurora.url("messaging:mail", mail.pk)).content.decode()
    assert "Letzter Fehler: " in page
    assert "refused" in page
    with mail_server() as server:
        use_mail_server(settings, server.port)
        send_mail(mail_id=mail.pk, now=now + timedelta(seconds=59))
        assert server.messages == []
        send_mail(mail_id=mail.pk, now=now + timedelta(seconds=60))
        assert len(server.messages) == 1
    mail.refresh_from_db()
    assert (mail.state, mail.last_error, mail.attempts) == (MailState.SENT, "", 2)


def test_gives_up_after_a_day(aurora: Tenant, smtp: MailServer) -> None:
    smtp.refusal = "451 try later"
    mail = queue(aurora)
    began = now = mail.next_attempt_at
    waits = []
    while mail.state == MailState.QUEUED:
        send_mail(mail_id=mail.pk, now=now)
        mail.refresh_from_db()
        waits.append(mail.next_attempt_at - now)
        now = mail.next_attempt_at
    assert waits[: len(RETRY_AFTER)] == RETRY_AFTER
    assert (mail.state, mail.last_error) == (MailState.FAILED, "451 try later")
    assert timedelta(hours=20) < sum(RETRY_AFTER, timedelta()) <= timedelta(hours=24)
    assert now - began < timedelta(hours=25)


def test_refused_for_good_fails_at_once(aurora: Tenant, smtp: MailServer) -> None:
    smtp.refusal = "550 no such mailbox"
    mail = queue(aurora)
    send_due_mails()
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_error) == (MailState.FAILED, 1, "550 no such mailbox")


def test_sender_that_died_is_followed_by_another(aurora: Tenant, smtp: MailServer) -> None:
    mail = queue(aurora)
    now = mail.next_attempt_at
    assert claim_mail(mail.pk, now, LEASE) is not None
    send_mail(mail_id=mail.pk, now=now + LEASE - timedelta(seconds=1))
    assert smtp.messages == []
    send_mail(mail_id=mail.pk, now=now + LEASE)
    assert len(smtp.messages) == 1


def test_mail_that_always_kills_its_sender_ends(aurora: Tenant, smtp: MailServer) -> None:
    mail = queue(aurora)
    now = mail.next_attempt_at
    for _ in range(len(RETRY_AFTER) + 1):
        claim_mail(mail.pk, now, LEASE)
        now += LEASE
    send_mail(mail_id=mail.pk, now=now)
    mail.refresh_from_db()
    assert mail.state == MailState.FAILED
    assert smtp.messages == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_send_once(smtp: MailServer) -> None:
    tenant = make_tenant("aurora")
    mails = [queue(tenant) for _ in range(10)]
    both = Barrier(2)

    def work() -> None:
        both.wait()
        for mail in mails:
            send_mail(mail_id=mail.pk, now=mails[-1].next_attempt_at)
        connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(smtp.messages) == 10
    assert set(tenant.mails.values_list("state", "attempts")) == {("sent", 1)}


def test_send_again(aurora: Tenant, log_in: LogIn, smtp: MailServer) -> None:
    smtp.refusal = "550 no"
    mail = queue(aurora)
    send_due_mails()
    smtp.refusal = None
    log_in(aurora, Role.SALES).post(aurora.url("messaging:mail_retry", mail.pk))
    send_due_mails()
    mail.refresh_from_db()
    assert mail.state == MailState.SENT
    assert len(smtp.messages) == 1


def test_what_is_being_sent_is_not_queued_again(aurora: Tenant) -> None:
    mail = queue(aurora)
    claim_mail(mail.pk, mail.next_attempt_at, LEASE)
    with pytest.raises(MailIsBeingSent):
        retry_mail(mail=mail, now=mail.next_attempt_at)


def test_health_follows_the_last_mail_of_the_day(aurora: Tenant, smtp: MailServer) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        assert health(tenant=aurora) == MailHealth(ok=True)
        smtp.refusal = "550 no"
        queue(aurora)
        assert health(tenant=aurora).ok
        send_due_mails()
        assert health(tenant=aurora) == MailHealth(ok=False, reason="550 no")
        smtp.refusal = None
        clock.shift(60)
        queue(aurora)
        send_due_mails()
        assert health(tenant=aurora).ok
        smtp.refusal = "451 later"
        clock.shift(60)
        queue(aurora)
        send_due_mails()
        assert not health(tenant=aurora).ok
        clock.shift(86_401)
        assert health(tenant=aurora).ok


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.READ_ONLY])
def test_mails_are_for_sales_and_administrators(aurora: Tenant, log_in: LogIn, role: Role) -> None:
    mail = queue(aurora)
    client = log_in(aurora, role)
    assert client.get(aurora.url("messaging:mails")).status_code == 403
    assert client.get(aurora.url("messaging:mail", mail.pk)).status_code == 403
    assert client.post(aurora.url("messaging:mail_retry", mail.pk)).status_code == 403
    assert aurora.url("messaging:mails") not in client.get(aurora.url("messaging:inbox")).content.decode()


def test_partner_codes_are_read_and_sent_again_by_administrators_alone(aurora: Tenant, log_in: LogIn) -> None:
    mail = queue(aurora, topic="partner_code")
    pages = [aurora.url(f"messaging:{name}", mail.pk) for name in ("mail", "mail_state", "mail_retry")]
    for role, wanted in ((Role.ADMIN, [200, 200, 302]), (Role.SALES, [404, 404, 404])):
        client = log_in(aurora, role)
        found = [client.get(pages[0]), client.get(pages[1]), client.post(pages[2])]
        assert [response.status_code for response in found] == wanted
        listed = pages[0] in client.get(aurora.url("messaging:mails")).content.decode()
        assert listed is (role is Role.ADMIN)


def test_foreign_mails_do_not_exist(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    mail = queue(aurora)
    client = log_in(cymbal)
    for name in ("mail", "mail_state"):
        assert client.get(cymbal.url(f"messaging:{name}", mail.pk)).status_code == 404
    assert client.post(cymbal.url("messaging:mail_retry", mail.pk)).status_code == 404
    assert TO not in client.get(cymbal.url("messaging:mails")).content.decode()


def test_log_shows_text_attachments_and_state(aurora: Tenant, log_in: LogIn) -> None:
    mail = queue(aurora, attachments=[Attachment("bestellung.json", "application/json", b"{}")])
    page = log_in(aurora, Role.SALES).get(aurora.url("messaging:mail", mail.pk)).content.decode()
    for words in ("Sonst hat sie niemand bekommen.", "bestellung.json", TO, "Erneut senden"):
        assert words in page


def test_list_filters_by_state_and_costs_the_same_for_one_and_three(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            queue(aurora, contact=make_contact(aurora))
        with CaptureQueriesContext(connection) as queries:
            client.get(aurora.url("messaging:mails"))
        counts.append(len(queries))
    assert counts == [7, 7]
    assert TO in client.get(aurora.url("messaging:mails"), {"state": "queued"}).content.decode()
    assert TO not in client.get(aurora.url("messaging:mails"), {"state": "failed"}).content.decode()
