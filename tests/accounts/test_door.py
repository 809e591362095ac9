"""The way in gives nothing away: no fixed session, no way out to strangers, no word on who is known."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from pytest_django import Settings

from eventworx.tenants.models import Tenant
from tests.accounts.doing import CODE, LOGIN, PROOF_BY_CODE, Person, totp
from tests.factories import PASSWORD, make_user
from tests.mailserver import MailServer
from tests.services import free_port
from tests.source import ROOT

RESET = "/accounts/password/reset/"
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "\t//evil.example/",
    " https://evil.example/",
    "http://localhost/",
    "http://testserver/aurora/",
    "http://testserver@evil.example/",
]


# --- sessions ---------------------------------------------------------------------------------------
def plant(person: Person) -> str:
    """A session that a thief knows, put into the person's browser."""
    known = SessionStore()
    known["planted"] = True
    known.save()
    person.client.cookies[django_settings.SESSION_COOKIE_NAME] = known.session_key
    return str(known.session_key)


def test_a_planted_session_is_worth_nothing_after_the_login(nina: Person) -> None:
    known = plant(nina)
    nina.enter_password()
    assert nina.is_inside()
    assert nina.session_key() != known
    assert not Session.objects.filter(session_key=known).exists()


def test_a_planted_session_is_worth_nothing_after_the_code(guarded: Person) -> None:
    again = guarded.elsewhere()
    known = plant(again)
    again.enter_password()
    thief = guarded.elsewhere()
    thief.client.cookies[django_settings.SESSION_COOKIE_NAME] = known
    assert not thief.is_inside()
    again.enter_code()
    assert again.is_inside()
    assert not thief.is_inside()
    assert not Session.objects.filter(session_key=known).exists()


def test_a_key_that_the_browser_made_up_is_not_taken(nina: Person) -> None:
    nina.client.cookies[django_settings.SESSION_COOKIE_NAME] = "a" * 32
    nina.enter_password()
    assert nina.session_key() != "a" * 32


def test_logging_out_ends_the_session_on_the_server(nina: Person) -> None:
    nina.enter_password()
    key = nina.session_key()
    nina.client.post("/accounts/logout/")
    nina.client.cookies[django_settings.SESSION_COOKIE_NAME] = key
    assert not nina.is_inside()


def test_who_is_switched_off_is_out_at_once(nina: Person) -> None:
    nina.enter_password()
    nina.user.is_active = False
    nina.user.save()
    assert not nina.is_inside()


def test_the_cookie_of_the_session_is_for_the_server_alone(nina: Person) -> None:
    answer = nina.enter_password()
    for name in (django_settings.SESSION_COOKIE_NAME, django_settings.CSRF_COOKIE_NAME):
        cookie = answer.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


def test_a_session_ends_with_the_browser_unless_asked_to_stay(nina: Person) -> None:
    assert nina.enter_password().cookies[django_settings.SESSION_COOKIE_NAME]["max-age"] == ""
    stays = nina.elsewhere().enter_password(remember="on")
    assert stays.cookies[django_settings.SESSION_COOKIE_NAME]["max-age"] == 14 * 24 * 3600


def test_behind_https_cookies_are_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "EWX_DATA_DIR": str(tmp_path), "EWX_ORIGIN": "https://rental.example"}
    names = "SESSION_COOKIE_NAME SESSION_COOKIE_SECURE CSRF_COOKIE_NAME CSRF_COOKIE_SECURE".split()
    program = f"from eventworx import settings; print(*(getattr(settings, name) for name in {names}))"
    ran = subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, check=True)
    assert ran.stdout.split() == [b"__Host-eventworx_session", b"True", b"__Host-eventworx_csrf", b"True"]


# --- where one is led ---------------------------------------------------------------------------------
@pytest.mark.parametrize("target", ELSEWHERE)
def test_the_login_leads_to_nobody_else(nina: Person, target: str) -> None:
    assert nina.enter_password(next=target)["Location"] == "/"
    assert nina.client.get(LOGIN, {"next": target})["Location"] == "/"
    assert nina.client.post("/accounts/logout/", {"next": target})["Location"] == "/"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_the_code_leads_to_nobody_else(guarded: Person, target: str) -> None:
    again = guarded.elsewhere()
    assert again.enter_password(next=target)["Location"] == CODE
    assert again.enter_code()["Location"] == "/"
    again.client.get(PROOF_BY_CODE, {"next": target})
    proof = again.client.post(PROOF_BY_CODE, {"code": totp(guarded.secret, ahead=1), "next": target})
    assert proof["Location"] == "/"


def test_the_page_asked_for_survives_the_code(guarded: Person, aurora: Tenant) -> None:
    url = aurora.url("tenants:members")
    again = guarded.elsewhere()
    again.enter_password(next=url)
    assert again.enter_code()["Location"] == url


# --- who is known -------------------------------------------------------------------------------------
def refusal(person: Person, email: str, password: str) -> str:
    page = person.client.post(LOGIN, {"login": email, "password": password})
    assert page.status_code == 200
    return "".join(page.context["form"].non_field_errors())


def test_a_refused_login_does_not_say_who_is_known(guarded: Person, aurora: Tenant) -> None:
    known = [guarded.user.email, make_user(aurora).email, make_user(aurora, is_active=False).email]
    said = {refusal(guarded.elsewhere(), email, "guess") for email in ("nobody@aurora.example", *known)}
    assert said == {"Die E-Mail-Adresse oder das Passwort ist falsch."}


def test_that_a_second_factor_exists_shows_only_with_the_password(guarded: Person) -> None:
    assert guarded.elsewhere().enter_password("guess").status_code == 200
    assert guarded.elsewhere().enter_password(PASSWORD)["Location"] == CODE


def test_a_password_mail_asks_the_mail_server_for_strangers_too(nina: Person, settings: Settings) -> None:
    """Else the sentence on a mail server that is away would name those whom we know."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    answers = [nina.client.post(RESET, {"email": email}) for email in (nina.user.email, "nobody@aurora.example")]
    assert [answer.status_code for answer in answers] == [503, 503]
    pages = [answer.content.decode() for answer in answers]
    assert "Unser Mailserver antwortet gerade nicht." in pages[0]
    assert "Unser Mailserver antwortet gerade nicht." in pages[1]


def test_a_stranger_gets_the_same_answer_and_no_mail(nina: Person, smtp: MailServer) -> None:
    answers = [nina.client.post(RESET, {"email": email}) for email in (nina.user.email, "nobody@aurora.example")]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, f"{RESET}sent/")}
    assert [mail["To"] for mail in smtp.messages] == [nina.user.email]
