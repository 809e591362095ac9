"""The bench itself: every component that tests stand on is the real one."""

import smtplib

import pytest
import redis
from django.core.mail import send_mail
from django.db import connection
from playwright.sync_api import Page

from tests.mailserver import MailServer


def test_mail_travels_over_smtp(smtp: MailServer) -> None:
    send_mail("Grüße", "Text", "a@example.com", ["b@example.com"])
    (message,) = smtp.sent_to("b@example.com")
    assert message["Subject"] == "Grüße"


def test_mail_server_can_refuse(smtp: MailServer) -> None:
    smtp.refusal = "550 no such mailbox"
    with pytest.raises(smtplib.SMTPDataError, match="no such mailbox"):
        send_mail("Grüße", "Text", "a@example.com", ["b@example.com"])
    assert smtp.messages == []


@pytest.mark.redis
def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"


def test_browser_runs_scripts(page: Page) -> None:
    page.set_content("<p id=here></p><script>document.getElementById('here').textContent = 6 * 7</script>")
    assert page.locator("#here").inner_text() == "42"


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgres_pass_uses_postgres() -> None:
    assert connection.vendor == "postgresql"


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_pass_uses_sqlite() -> None:
    assert connection.vendor == "sqlite"
