"""Where a person is logged in: seen, ended one by one or all at once, and by a new password (mission E1)."""

from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from eventworx.accounts.sessions import browser_name
from eventworx.accounts.tasks import forget_sessions
from eventworx.tenants.models import Tenant
from tests.accounts.doing import SESSIONS, Person
from tests.factories import PASSWORD, make_user

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW_PASSWORD = "eine lange Nacht 7"
CHANGE = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


@pytest.fixture
def away(nina: Person, clock: time_machine.Traveller) -> Person:
    """Nina is logged in here and, a minute longer, at another browser."""
    other = nina.elsewhere()
    other.client.defaults |= {"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "203.0.113.9"}
    other.enter_password()
    clock.shift(60)
    nina.enter_password()
    return other


def listed(person: Person) -> str:
    return person.client.get(SESSIONS).content.decode()


def test_the_list_says_where_and_when(nina: Person, away: Person) -> None:
    page = listed(nina)
    assert page.count("diese Sitzung") == 1
    for text in ("Firefox, Windows", "203.0.113.9", "01.03.2027 13:00", "Unbekannter Browser", "01.03.2027 13:01"):
        assert text in page


def test_last_seen_is_brought_up_to_date_every_five_minutes(
    nina: Person, away: Person, clock: time_machine.Traveller, django_assert_num_queries: Any
) -> None:
    away.client.get("/accounts/inactive/")
    with django_assert_num_queries(2):  # session and user
        away.client.get("/accounts/inactive/")
    clock.shift(301)
    away.client.defaults["REMOTE_ADDR"] = "203.0.113.10"
    away.client.get("/accounts/inactive/")
    page = listed(nina)
    assert "01.03.2027 13:06" in page
    assert "203.0.113.10" in page
    with django_assert_num_queries(2):
        away.client.get("/accounts/inactive/")


def test_one_is_ended_from_the_other(nina: Person, away: Person) -> None:
    row = UserSession.objects.get(ip="203.0.113.9")
    page = nina.client.post(f"{SESSIONS}{row.pk}/end/", follow=True).content.decode()
    assert "Die Sitzung ist beendet." in page
    assert "Firefox" not in page
    assert not away.is_inside()
    assert nina.is_inside()


def test_all_others_are_ended_at_once(nina: Person, away: Person) -> None:
    nina.client.post(f"{SESSIONS}end-others/")
    assert not away.is_inside()
    assert nina.is_inside()
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [nina.session_key()]


def test_nobody_ends_or_sees_what_is_not_theirs(nina: Person, away: Person, aurora: Tenant) -> None:
    stranger = Person(make_user(aurora))
    stranger.enter_password()
    row = UserSession.objects.get(ip="203.0.113.9")
    assert stranger.client.post(f"{SESSIONS}{row.pk}/end/").status_code == 404
    stranger.client.post(f"{SESSIONS}end-others/")
    assert "203.0.113.9" not in listed(stranger)
    assert away.is_inside()


def test_the_own_session_is_ended_by_logging_out(nina: Person, away: Person) -> None:
    row = UserSession.objects.get(session_key=nina.session_key())
    assert nina.client.post(f"{SESSIONS}{row.pk}/end/").status_code == 404
    assert nina.client.get(f"{SESSIONS}{row.pk}/end/").status_code == 405
    nina.client.post("/accounts/logout/")
    assert "Unbekannter Browser" not in listed(away)


def test_what_has_run_out_is_not_listed(nina: Person, away: Person, clock: time_machine.Traveller) -> None:
    clock.shift(14 * 24 * 3600 - 60)
    nina.enter_password()
    assert "Firefox" not in listed(nina)
    assert not away.is_inside()


def test_what_has_run_out_is_forgotten(nina: Person, away: Person, clock: time_machine.Traveller) -> None:
    clock.shift(14 * 24 * 3600 - 60)
    nina.enter_password()
    forget_sessions()
    assert nina.is_inside()
    assert [row.session_key for row in Session.objects.all()] == [nina.session_key()]
    assert [row.session_key for row in UserSession.objects.all()] == [nina.session_key()]


@pytest.mark.parametrize("more", [0, 2])
def test_the_list_costs_the_same_for_one_and_for_three(nina: Person, more: int, django_assert_num_queries: Any) -> None:
    for _ in range(more):
        nina.elsewhere().enter_password()
    nina.enter_password()
    with django_assert_num_queries(4):
        page = listed(nina)
    assert page.count("/end/") == more


# --- a new password ---------------------------------------------------------------------------------
def test_a_new_password_ends_the_other_sessions(nina: Person, away: Person, aurora: Tenant) -> None:
    nina.client.post("/accounts/password/change/", CHANGE)
    assert nina.is_inside()
    assert not away.is_inside()
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [nina.session_key()]
    assert Session.objects.count() == 1
    assert aurora.audit_entries.get().action == "password_changed"
    assert aurora.mails.get().subject == "Dein Passwort wurde geändert"


def test_a_new_password_by_mail_ends_all_sessions(nina: Person, away: Person, aurora: Tenant, smtp: Any) -> None:
    stranger = nina.elsewhere()
    stranger.client.post("/accounts/password/reset/", {"email": nina.user.email})
    text = smtp.sent_to(nina.user.email)[-1].get_content()
    link = next(word for word in text.split() if "/accounts/password/reset/key/" in word)
    form = stranger.client.get(link.removeprefix("http://testserver"), follow=True).redirect_chain[-1][0]
    stranger.client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not nina.is_inside()
    assert not away.is_inside()
    assert not stranger.is_inside()
    assert not UserSession.objects.exists()
    assert aurora.audit_entries.get().action == "password_changed"
    assert stranger.client.post(form, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 200
    assert nina.enter_password(NEW_PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox, Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1 Version/18.0 Safari/605.1",
            "Safari, macOS",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/140.0 Mobile Safari/604.1", "Chrome, iPhone"),
        ("<script>", ""),
        ("", ""),
    ],
)
def test_browsers_by_name(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name
