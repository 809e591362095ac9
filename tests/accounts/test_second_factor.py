"""Setting up, logging in, replaying, losing: the second factor as people and thieves use it (mission E1)."""

import base64
import re
from functools import partial

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client

from eventworx.accounts.second_factor import take_code
from eventworx.audit import Actor, AuditEntry
from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Role
from tests.accounts.doing import (
    CODE,
    CODES,
    FACTOR,
    LOGIN,
    NEW_CODES,
    PROOF,
    PROOF_BY_CODE,
    REMOVE,
    SET_UP,
    Person,
    totp,
)
from tests.crowd import at_once
from tests.factories import PASSWORD, make_user

Clock = time_machine.Traveller


def actions(tenant: Tenant) -> list[str]:
    return list(tenant.audit_entries.order_by("pk").values_list("action", flat=True))


# --- setting up -------------------------------------------------------------------------------------
def test_after_the_login_it_is_set_up_without_typing_the_password_again(nina: Person, clock: Clock) -> None:
    answer = nina.set_up()
    assert answer["Location"] == CODES
    assert len(nina.recovery_codes()) == 10
    assert nina.user.has_second_factor()


def test_later_the_password_is_asked_for_first(nina: Person, clock: Clock) -> None:
    nina.enter_password()
    clock.shift(301)
    assert nina.client.get(SET_UP)["Location"] == f"{PROOF}?next={SET_UP.replace('/', '%2F')}"
    page = nina.client.post(f"{PROOF}?next={SET_UP}", {"password": PASSWORD, "next": SET_UP}, follow=True)
    assert page.redirect_chain == [(SET_UP, 302)]
    assert "ewx-secret" in page.content.decode()


def test_the_picture_is_part_of_the_page_and_the_text_agrees_with_it(nina: Person, clock: Clock) -> None:
    nina.enter_password()
    answer = nina.client.get(SET_UP)
    page = answer.content.decode()
    assert base64.b64decode(re.search(r"data:image/svg\+xml;base64,([^\"]+)", page)[1]).startswith(b"<?xml")  # type: ignore[index]
    secret = re.search(r'ewx-secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")  # type: ignore[index]
    assert f"otpauth://totp/nina%40aurora.example?secret={secret}&amp;issuer=Eventworx%20testserver" in page
    assert "no-store" in answer["Cache-Control"]


def test_a_wrong_first_code_sets_nothing_up_and_keeps_the_picture(nina: Person, clock: Clock) -> None:
    nina.enter_password()
    before = nina.client.get(SET_UP).context["secret"]
    page = nina.client.post(SET_UP, {"code": "000000"})
    assert "Geht die Uhr deines Geräts richtig?" in page.content.decode()
    assert page.context["secret"] == before
    assert not nina.user.has_second_factor()


def test_the_first_code_does_not_log_in_anybody_else(guarded: Person, clock: Clock) -> None:
    thief = guarded.elsewhere()
    thief.enter_password()
    thief.enter_code(totp(guarded.secret, ahead=-1))
    assert not thief.is_inside()


def test_setting_up_ends_sessions_that_never_showed_a_second_factor(nina: Person, clock: Clock) -> None:
    thief = nina.elsewhere()
    thief.enter_password()
    assert thief.is_inside()
    nina.set_up()
    assert not thief.is_inside()
    assert nina.is_inside()


# --- at rest ----------------------------------------------------------------------------------------
def test_neither_secret_nor_codes_lie_in_the_database(nina: Person, clock: Clock) -> None:
    nina.enter_password()
    waiting = nina.client.get(SET_UP).context["form"].secret
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    assert "mfa.totp.secret" in "".join(sessions)
    assert not [text for text in sessions if waiting in text]
    nina.set_up()
    rows = {row.type: row.data for row in Authenticator.objects.all()}
    assert rows["totp"]["secret"].startswith("v1.")
    assert rows["recovery_codes"]["seed"].startswith("v1.")
    assert nina.secret not in str(rows)


@pytest.mark.parametrize("kind", ["totp", "recovery_codes"])
def test_a_copy_in_another_row_does_not_open(guarded: Person, aurora: Tenant, clock: Clock, kind: str) -> None:
    """A thief who writes into the database brings their own secret along; the victim's password they have already."""
    thief = Person(make_user(aurora))
    thief.set_up()
    codes = thief.recovery_codes()
    theirs = Authenticator.objects.get(user=thief.user, type=kind)
    Authenticator.objects.filter(user=guarded.user, type=kind).update(data=theirs.data)
    clock.shift(60)
    as_victim = Person(guarded.user, thief.secret)
    as_victim.enter_password()
    answer = as_victim.enter_code(totp(thief.secret) if kind == "totp" else codes[0])
    assert answer.status_code == 503
    assert "Bitte wende dich an seinen Betreiber." in answer.content.decode()
    assert not as_victim.is_inside()


# --- logging in -------------------------------------------------------------------------------------
def test_the_password_alone_opens_nothing(guarded: Person, aurora: Tenant) -> None:
    again = guarded.elsewhere()
    assert again.enter_password()["Location"] == CODE
    for url in ("/", FACTOR, aurora.url("jobs:dashboard")):
        assert again.client.get(url)["Location"].startswith(LOGIN)
    assert again.enter_code()["Location"] == "/"
    assert again.is_inside()


@pytest.mark.parametrize("drift", [-1, 1])
def test_a_clock_a_little_off_is_forgiven(guarded: Person, clock: Clock, drift: int) -> None:
    clock.shift(60)
    again = guarded.elsewhere()
    again.enter_password()
    again.enter_code(totp(guarded.secret, drift))
    assert again.is_inside()


@pytest.mark.parametrize("drift", [-2, 2])
def test_a_code_of_another_time_is_refused(guarded: Person, clock: Clock, drift: int) -> None:
    clock.shift(120)
    again = guarded.elsewhere()
    again.enter_password()
    page = again.enter_code(totp(guarded.secret, drift))
    assert "Dieser Code ist falsch" in page.content.decode()
    assert not again.is_inside()


@pytest.mark.parametrize("later", [0, 29, 31, 59])
def test_a_used_code_is_good_for_nothing(guarded: Person, clock: Clock, later: int) -> None:
    """Also while the tolerance for clocks would still take it."""
    clock.shift(30)
    code = totp(guarded.secret, ahead=1)
    again, thief = guarded.elsewhere(), guarded.elsewhere()
    for person in (again, thief):
        person.enter_password()
    again.enter_code(code)
    clock.shift(later)
    thief.enter_code(code)
    assert again.is_inside()
    assert not thief.is_inside()


def test_no_older_code_after_a_newer_one(guarded: Person, clock: Clock) -> None:
    clock.shift(60)
    again, thief = guarded.elsewhere(), guarded.elsewhere()
    for person in (again, thief):
        person.enter_password()
    again.enter_code(totp(guarded.secret))
    thief.enter_code(totp(guarded.secret, ahead=-1))
    assert not thief.is_inside()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "½½½½½½", "١٢٣٤٥٦", "\x00", "9" * 5000, "' OR 1=1"])
def test_anything_may_be_posted_as_a_code(guarded: Person, code: str) -> None:
    again = guarded.elsewhere()
    again.enter_password()
    assert again.enter_code(code).status_code == 200
    assert not again.is_inside()


@pytest.mark.parametrize("data", [{}, {"credential": "{}"}, {"credential": '{"id": "x"}'}])
def test_there_is_no_other_way_than_the_code(guarded: Person, data: dict[str, str]) -> None:
    again = guarded.elsewhere()
    again.enter_password()
    assert again.client.post(CODE, data).status_code == 200
    assert not again.is_inside()


def test_cancelling_forgets_the_password(guarded: Person) -> None:
    again = guarded.elsewhere()
    again.enter_password()
    assert again.client.get(LOGIN)["Location"] == CODE
    again.client.post("/accounts/logout/", {"next": LOGIN})
    assert again.client.get(LOGIN).status_code == 200
    again.enter_code()
    assert not again.is_inside()


def test_a_login_that_stopped_half_way_lapses(guarded: Person, clock: Clock) -> None:
    again = guarded.elsewhere()
    again.enter_password()
    clock.shift(16 * 60)
    again.enter_code()
    assert not again.is_inside()


def test_a_new_password_by_mail_does_not_replace_the_second_factor(guarded: Person) -> None:
    guarded.user.set_password("eine lange Nacht 7")
    guarded.user.save()
    again = guarded.elsewhere()
    assert again.enter_password("eine lange Nacht 7")["Location"] == CODE
    assert not again.is_inside()


# --- recovery codes ---------------------------------------------------------------------------------
def test_a_recovery_code_opens_once_and_its_use_is_told(guarded: Person, aurora: Tenant) -> None:
    code = guarded.recovery_codes()[3]
    first, second = guarded.elsewhere(), guarded.elsewhere()
    for person in (first, second):
        person.enter_password()
        person.enter_code(code)
    assert first.is_inside()
    assert not second.is_inside()
    entry = aurora.audit_entries.get(action="recovery_code_used")
    assert (entry.actor, entry.address, entry.detail) == (guarded.user, "127.0.0.1", {"left": 9})
    mail = aurora.mails.get(subject="Einer deiner Wiederherstellungscodes wurde verwendet")
    assert mail.to == "nina@aurora.example"
    assert "Unbenutzte Wiederherstellungscodes: 9" in mail.text


def test_new_recovery_codes_void_the_old_ones(guarded: Person, aurora: Tenant) -> None:
    old = guarded.recovery_codes()
    assert guarded.client.post(NEW_CODES)["Location"] == CODES
    new = guarded.recovery_codes()
    assert len({*old, *new}) == 20
    again = guarded.elsewhere()
    again.enter_password()
    again.enter_code(old[0])
    assert not again.is_inside()
    again.enter_code(new[0])
    assert again.is_inside()
    assert "recovery_codes_renewed" in actions(aurora)


def test_recovery_codes_can_be_downloaded(guarded: Person) -> None:
    answer = guarded.client.get(f"{CODES}download/")
    assert answer["Content-Type"].startswith("text/plain")
    assert "attachment" in answer["Content-Disposition"]
    assert set(guarded.recovery_codes()) <= set(answer.content.decode().split())


# --- what concerns the safety -----------------------------------------------------------------------
@pytest.mark.parametrize("page", [CODES, f"{CODES}download/", NEW_CODES, REMOVE])
def test_later_a_code_is_asked_for_and_the_password_is_not_enough(guarded: Person, clock: Clock, page: str) -> None:
    clock.shift(600)
    assert guarded.client.get(page)["Location"].startswith(PROOF_BY_CODE)
    asked = guarded.client.post(f"{PROOF}?next={page}", {"password": PASSWORD, "next": page})
    assert asked["Location"].startswith(PROOF_BY_CODE)
    assert guarded.client.get(page)["Location"].startswith(PROOF_BY_CODE)
    assert guarded.prove(page).status_code == 200


@pytest.mark.parametrize("page", [NEW_CODES, REMOVE])
def test_nothing_is_done_without_the_code(guarded: Person, clock: Clock, page: str) -> None:
    before = list(Authenticator.objects.order_by("pk").values_list("pk", "data"))
    clock.shift(600)
    guarded.client.post(page)
    assert list(Authenticator.objects.order_by("pk").values_list("pk", "data")) == before


def test_removing_it_is_written_down_and_told(guarded: Person, aurora: Tenant) -> None:
    guarded.client.post(REMOVE)
    assert not Authenticator.objects.exists()
    assert actions(aurora) == ["second_factor_set_up", "second_factor_removed"]
    subjects = list(aurora.mails.order_by("pk").values_list("to", "subject"))
    assert subjects == [
        ("nina@aurora.example", "Dein zweiter Faktor ist eingerichtet"),
        ("nina@aurora.example", "Dein zweiter Faktor ist entfernt"),
    ]


def test_each_company_keeps_a_note_and_one_mail_goes_out(nina: Person, aurora: Tenant, bassline: Tenant) -> None:
    Membership.objects.create(tenant=bassline, user=nina.user, role=Role.SALES)
    nina.set_up()
    for tenant in (aurora, bassline):
        entry = tenant.audit_entries.get()
        assert (entry.action, entry.target_id) == (
            "second_factor_set_up",
            str(tenant.memberships.get(user=nina.user).pk),
        )
    assert (aurora.mails.count(), bassline.mails.count()) == (1, 0)


def test_only_administrators_read_these_mails(guarded: Person, aurora: Tenant) -> None:
    sales = make_user(aurora, Role.SALES).memberships.get()
    assert aurora.mails.visible_to(guarded.user.memberships.get()).count() == 1
    assert not aurora.mails.visible_to(sales).exists()


# --- the operator -----------------------------------------------------------------------------------
def test_the_operator_resets_what_was_lost(guarded: Person, aurora: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("reset_second_factor", "Nina@aurora.example")
    assert not guarded.is_inside()
    assert guarded.elsewhere().enter_password()["Location"] == "/"
    entry = aurora.audit_entries.get(action="second_factor_reset")
    assert entry.actor_label == "manage.py reset_second_factor"
    assert aurora.mails.filter(subject="Dein zweiter Faktor wurde vom Betreiber zurückgesetzt").exists()
    assert "nina@aurora.example" in capsys.readouterr().out


@pytest.mark.parametrize("email", ["nobody@aurora.example", "nina@aurora.example"])
def test_who_has_none_cannot_lose_it(nina: Person, aurora: Tenant, email: str) -> None:
    with pytest.raises(CommandError):
        call_command("reset_second_factor", email)
    assert not AuditEntry.objects.exists()


# --- at the same moment -----------------------------------------------------------------------------
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["totp", "recovery"])
def test_of_two_with_the_same_code_one_gets_in(guarded: Person, kind: str) -> None:
    code = totp(guarded.secret) if kind == "totp" else guarded.recovery_codes()[0]
    people = [guarded.elsewhere(), guarded.elsewhere()]
    for person in people:
        person.enter_password()

    def enter(person: Person) -> bool:
        person.enter_code(code)
        return person.is_inside()

    assert sorted(at_once(*[partial(enter, person) for person in people])) == [False, True]


def test_a_code_is_nobody_elses(guarded: Person, aurora: Tenant) -> None:
    other = make_user(aurora)
    assert take_code(user=other, actor=Actor("other"), code=totp(guarded.secret)) is None
    assert User.objects.get(pk=other.pk).has_second_factor() is False
    assert Client().get(CODE)["Location"] == LOGIN
