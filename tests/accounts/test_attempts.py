"""How often one may try to get in, and that nobody is locked out from elsewhere (mission E1)."""

import logging
from ipaddress import ip_network

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from eventworx.tenants.models import Tenant
from tests.accounts.doing import LOGIN, PROOF, SET_UP, Person, totp
from tests.crowd import at_once
from tests.factories import PASSWORD, make_user
from tests.mailserver import MailServer

TOO_MANY = "Zu viele Versuche. Bitte warte ein paar Minuten"
WRONG = "Passwort ist falsch"
RESET = "/accounts/password/reset/"
CHANGE = "/accounts/password/change/"
THERE = "203.0.113.9"


def guess(email: str, address: str = THERE, password: str = "guess", **headers: str) -> str:
    client = Client(REMOTE_ADDR=address, **headers)  # type: ignore[arg-type]
    return client.post(LOGIN, {"login": email, "password": password}).content.decode()


def guess_often(times: int, email: str, address: str = THERE) -> None:
    for _ in range(times):
        assert WRONG in guess(email, address)


# --- passwords --------------------------------------------------------------------------------------
def test_ten_passwords_then_a_pause_also_for_the_right_one(nina: Person, clock: time_machine.Traveller) -> None:
    guess_often(10, nina.user.email)
    assert TOO_MANY in guess(nina.user.email, password=PASSWORD)
    clock.shift(299)
    assert TOO_MANY in guess(nina.user.email, password=PASSWORD)
    clock.shift(2)
    assert TOO_MANY not in guess(nina.user.email, password=PASSWORD)


def test_nobody_is_locked_out_from_elsewhere(nina: Person, clock: time_machine.Traveller) -> None:
    guess_often(10, nina.user.email)
    assert TOO_MANY in guess(nina.user.email)
    assert nina.enter_password().status_code == 302
    assert nina.is_inside()


def test_one_address_tries_thirty_accounts_a_minute(nina: Person, clock: time_machine.Traveller) -> None:
    for number in range(30):
        guess_often(1, f"nobody{number}@aurora.example")
    assert TOO_MANY in guess("somebody@aurora.example")
    assert TOO_MANY not in guess("somebody@aurora.example", "203.0.113.10")
    clock.shift(61)
    guess_often(1, "somebody@aurora.example")


@pytest.mark.parametrize("spelling", ["NINA@aurora.example", " nina@aurora.example "])
def test_other_spellings_are_the_same_account(nina: Person, clock: time_machine.Traveller, spelling: str) -> None:
    guess_often(10, nina.user.email)
    assert TOO_MANY in guess(spelling)


def test_a_network_of_ipv6_is_one_address(nina: Person, clock: time_machine.Traveller) -> None:
    for number in range(10):
        guess_often(1, nina.user.email, f"2001:db8:0:1::{number:x}")
    assert TOO_MANY in guess(nina.user.email, "2001:db8:0:1:ffff::1")
    assert TOO_MANY not in guess(nina.user.email, "2001:db8:0:2::1")


def test_only_our_own_proxy_says_who_calls(nina: Person, clock: time_machine.Traveller, settings: Settings) -> None:
    for number in range(10):
        assert WRONG in guess(nina.user.email, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert TOO_MANY in guess(nina.user.email, HTTP_X_FORWARDED_FOR="198.51.100.99")
    settings.EWX_TRUSTED_PROXIES = (ip_network(THERE),)
    assert WRONG in guess(nina.user.email, HTTP_X_FORWARDED_FOR="198.51.100.99")


def test_a_server_that_names_no_address_lets_people_in_and_counts_them_together(nina: Person, aurora: Tenant) -> None:
    nina.client.defaults["REMOTE_ADDR"] = ""
    nina.enter_password()
    assert nina.is_inside()
    guess_often(9, nina.user.email, "")
    assert TOO_MANY in guess(nina.user.email, "")


def test_the_password_that_proves_who_one_is_counts_too(nina: Person, clock: time_machine.Traveller) -> None:
    nina.enter_password()
    clock.shift(301)
    for _ in range(10):
        assert "Falsches Passwort" in nina.client.post(PROOF, {"password": "guess"}).content.decode()
    assert TOO_MANY in nina.client.post(PROOF, {"password": PASSWORD}).content.decode()


def test_the_log_names_the_address_and_nothing_that_was_typed(nina: Person, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "eventworx"):
        guess("my-secret@aurora.example", password="my-password")
    assert f"login failed, from {THERE}" in caplog.text
    assert "my-" not in caplog.text


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_no_more_than_ten_are_looked_at(nina: Person) -> None:
    said = at_once(*[lambda: guess(nina.user.email)] * 16)
    assert len([page for page in said if WRONG in page]) == 10
    assert len([page for page in said if TOO_MANY in page]) == 6


# --- codes ------------------------------------------------------------------------------------------
def test_eight_codes_then_a_pause_from_whatever_address(
    guarded: Person, aurora: Tenant, clock: time_machine.Traveller
) -> None:
    clock.shift(600)
    thieves = [guarded.elsewhere() for _ in range(12)]
    for number, thief in enumerate(thieves):
        thief.client.defaults["REMOTE_ADDR"] = f"198.51.100.{number}"
        thief.enter_password()
        page = thief.enter_code("000000" if number < 8 else totp(guarded.secret)).content.decode()
        assert (TOO_MANY in page) == (number >= 8)
        assert not thief.is_inside()
    mail = aurora.mails.get(subject="Jemand kennt dein Passwort")
    assert "198.51.100.8" in mail.text
    assert aurora.audit_entries.filter(action="second_factor_attacked").count() == 1
    clock.shift(601)
    again = guarded.elsewhere()
    again.enter_password()
    assert again.enter_code()["Location"] == "/"


def test_who_is_inside_stays_inside_while_others_guess(guarded: Person, clock: time_machine.Traveller) -> None:
    clock.shift(600)
    thief = guarded.elsewhere()
    thief.enter_password()
    for _ in range(9):
        thief.enter_code("000000")
    assert guarded.is_inside()


def test_the_first_code_counts_too(nina: Person, clock: time_machine.Traveller) -> None:
    nina.enter_password()
    nina.client.get(SET_UP)
    for _ in range(8):
        nina.client.post(SET_UP, {"code": "000000"})
    page = nina.client.post(SET_UP, {"code": "000000"})
    assert TOO_MANY in page.content.decode()


# --- new passwords ----------------------------------------------------------------------------------
def ask(email: str, address: str = THERE) -> HttpResponse:
    return Client(REMOTE_ADDR=address).post(RESET, {"email": email})


def test_five_password_mails_to_one_person(nina: Person, smtp: MailServer, clock: time_machine.Traveller) -> None:
    for number in range(5):
        assert ask(nina.user.email, f"198.51.100.{number}").status_code == 302
    refused = ask(nina.user.email.upper())
    assert (refused.status_code, refused["Retry-After"]) == (429, "600")
    assert "Bitte warte ein paar Minuten" in refused.content.decode()
    assert len(smtp.messages) == 5
    clock.shift(601)
    assert ask(nina.user.email).status_code == 302


def test_strangers_are_counted_like_people_we_know(nina: Person, smtp: MailServer) -> None:
    answers = [[ask(email).status_code for _ in range(6)] for email in (nina.user.email, "x@y.example")]
    assert answers[0] == answers[1] == [302] * 5 + [429]


def test_one_address_asks_for_twenty_mails_a_minute(db: None, smtp: MailServer) -> None:
    answers = [ask(f"x{number}@y.example").status_code for number in range(21)]
    assert answers == [302] * 20 + [429]
    assert ask("x@y.example", "203.0.113.10").status_code == 302


def test_links_are_not_guessed(db: None) -> None:
    url = f"{RESET}key/1-set-password/"
    assert [Client().post(url).status_code for _ in range(21)] == [200] * 20 + [429]


def test_the_old_password_is_not_guessed_from_within(nina: Person, aurora: Tenant) -> None:
    nina.enter_password()
    answers = [nina.client.post(CHANGE, {"oldpassword": "guess"}).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    colleague = Person(make_user(aurora))
    colleague.enter_password()
    assert colleague.client.post(CHANGE, {"oldpassword": "guess"}).status_code == 200
