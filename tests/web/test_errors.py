"""Expected failures become sentences, everything else an honest error page."""

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils.translation import override

from eventworx.messaging.mail import LEASE, queue_mail
from eventworx.messaging.models import claim_mail
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.scales import DayTwice
from partners.search.asking import TooManySearches

LogIn = Callable[..., Client]


@pytest.fixture
def busy(aurora: Tenant) -> str:
    """The URL of a deed that is refused: sending a mail again that is being sent."""
    mail = queue_mail(tenant=aurora, to="a@b.example", topic="test", template="test", context={}, language="de")
    claim_mail(mail.pk, mail.next_attempt_at, LEASE)
    return aurora.url("messaging:mail_retry", mail.pk)


def test_refusal_is_a_page_with_the_sentence(aurora: Tenant, busy: str, log_in: LogIn) -> None:
    answer = log_in(aurora).post(busy)
    assert answer.status_code == 409
    assert "Diese E-Mail wird gerade gesendet." in answer.content.decode()
    assert "<html" in answer.content.decode()


def test_who_changes_the_language_of_a_refusal_comes_back_to_where_the_form_was(
    aurora: Tenant, busy: str, log_in: LogIn
) -> None:
    """The deed's own address takes no GET: the browser would show an empty page."""
    form = f"http://testserver{aurora.url('messaging:mails')}?state=failed"
    page = log_in(aurora).post(busy, headers={"Referer": form}).content.decode()
    assert f'name="next" value="{form}"' in page


def test_refusal_within_a_page_is_the_sentence_alone(aurora: Tenant, busy: str, log_in: LogIn) -> None:
    answer = log_in(aurora).post(busy, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#alerts")
    assert "Diese E-Mail wird gerade gesendet." in answer.content.decode()
    assert "<html" not in answer.content.decode()


@pytest.mark.parametrize(
    ("language", "count", "day", "wait"),
    [
        ("de", 1, "Für 1 Tag gibt es", "Bitte 1 Sekunde warten."),
        ("de", 2, "Für 2 Tage gibt es", "Bitte 2 Sekunden warten."),
        ("en", 1, "for 1 day.", "wait 1 second."),
        ("en", 2, "for 2 days.", "wait 2 seconds."),
    ],
)
def test_a_refusal_that_counts_tells_one_from_many(language: str, count: int, day: str, wait: str) -> None:
    with override(language):
        assert day in str(DayTwice(days=count))
        assert wait in str(TooManySearches(seconds=count))


def test_unknown_page(aurora: Tenant, log_in: LogIn) -> None:
    for answer in (Client().get("/nowhere/at/all/"), log_in(aurora).get("/cymbal/inbox/")):
        assert answer.status_code == 404 or answer["Location"].startswith("/accounts/login/")
    answer = log_in(aurora).get("/cymbal/inbox/")
    assert answer.status_code == 404
    assert "Seite nicht gefunden" in answer.content.decode()


def test_forbidden_page(aurora: Tenant, log_in: LogIn) -> None:
    answer = log_in(aurora, Role.SALES).get(aurora.url("tenants:settings"))
    assert answer.status_code == 403
    assert "Deine Rolle erlaubt das nicht." in answer.content.decode()


def test_error_page_needs_nothing() -> None:
    assert "Etwas ist schiefgegangen" in render_to_string("500.html")


def test_pages_name_no_foreign_host(db: None) -> None:
    policy = Client().get("/accounts/login/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_forged_post_is_refused_in_our_words(aurora: Tenant) -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert answer.status_code == 403
    assert "Diese Seite war zu alt" in answer.content.decode()
