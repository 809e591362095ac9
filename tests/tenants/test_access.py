"""Login, the gate before every page of a tenant, and the ways in."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from eventworx.tenants.models import Membership, Tenant
from eventworx.tenants.roles import Role
from tests.factories import PASSWORD, make_user
from tests.mailserver import MailServer
from tests.services import free_port

LogIn = Callable[..., Client]


def log_in_by_form(email: str, password: str) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": password})
    return client


def test_login_leads_back_to_the_page(aurora: Tenant) -> None:
    user, url = make_user(aurora), aurora.url("messaging:inbox")
    client = Client()
    assert client.get(url)["Location"] == f"/accounts/login/?next={url}"
    page = client.get("/accounts/login/", {"next": url})
    assert url in page.content.decode()
    given = {"login": user.email, "password": PASSWORD, "next": url}
    assert client.post("/accounts/login/", given)["Location"] == url
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("wrong", ["email", "password", "inactive"])
def test_wrong_login_stays_outside(aurora: Tenant, wrong: str) -> None:
    user = make_user(aurora, is_active=wrong != "inactive")
    email = "nobody@aurora.example" if wrong == "email" else user.email
    client = log_in_by_form(email, "something else" if wrong == "password" else PASSWORD)
    assert client.get(aurora.url("messaging:inbox")).status_code == 302


def test_part_of_a_page_sends_the_whole_page_to_the_login(aurora: Tenant) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{aurora.url('messaging:mails')}"}
    answer = Client().get(aurora.url("messaging:mails"), {"state": "sent"}, headers=headers)
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == f"/accounts/login/?next={aurora.url('messaging:mails')}"


def test_logging_out_needs_a_click(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora)
    client.get("/accounts/logout/")
    assert client.get(aurora.url("messaging:inbox")).status_code == 200
    client.post("/accounts/logout/")
    assert client.get(aurora.url("messaging:inbox")).status_code == 302


@pytest.mark.parametrize("path", ["signup/", "email/", "login/code/", "password/set/", "second-factor/webauthn/"])
def test_nothing_else_of_the_accounts_answers(db: None, path: str) -> None:
    assert Client().get(f"/accounts/{path}").status_code == 404


def test_password_mail_leads_to_our_own_origin(aurora: Tenant, smtp: MailServer, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    user = make_user(aurora)
    Client().post("/accounts/password/reset/", {"email": user.email}, headers={"Host": "evil.example"})
    (mail,) = smtp.sent_to(user.email)
    assert mail["Subject"] == "Dein Passwort für Eventworx festlegen"
    assert "http://testserver/accounts/password/reset/key/" in mail.get_content()
    assert "evil.example" not in mail.as_string()


def test_unknown_address_gets_the_same_answer_and_no_mail(aurora: Tenant, smtp: MailServer) -> None:
    user = make_user(aurora)
    answers = [Client().post("/accounts/password/reset/", {"email": email}) for email in (user.email, "x@y.example")]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert len(smtp.messages) == 1


def test_password_mail_that_cannot_be_sent_says_so(aurora: Tenant, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    answer = Client().post("/accounts/password/reset/", {"email": make_user(aurora).email})
    assert answer.status_code == 503
    assert "Unser Mailserver antwortet gerade nicht." in answer.content.decode()


def test_home_leads_to_the_one_company_or_lets_choose(aurora: Tenant, bassline: Tenant) -> None:
    user = make_user(aurora, Role.SALES)
    client = Client()
    client.force_login(user)
    assert client.get("/")["Location"] == aurora.url("jobs:dashboard")
    Membership.objects.create(tenant=bassline, user=user, role=Role.READ_ONLY)
    page = client.get("/").content.decode()
    assert 'href="/aurora/"' in page
    assert 'href="/bassline/"' in page
    shell = client.get(aurora.url("messaging:inbox")).content.decode()
    assert "Mandant wechseln:" in shell
    assert "Bassline Rental" in shell
