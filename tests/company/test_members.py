"""Members: invited, given other roles, removed; the last administrator stays."""

from collections.abc import Callable
from functools import partial

import pytest
from django.test import Client

from eventworx.audit import Actor, AuditEntry
from eventworx.messaging.tasks import send_due_mails
from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from eventworx.tenants.tenants import LastAdministrator, change_role, remove_member
from tests.crowd import at_once
from tests.factories import make_tenant, make_user
from tests.mailserver import MailServer

LogIn = Callable[..., Client]
SOMEBODY = Actor("somebody")
NEW = {"email": "Nina@aurora.example", "first_name": "Nina", "last_name": "Neu", "role": "sales"}


def test_new_member_gets_a_mail_and_sets_a_password(aurora: Tenant, log_in: LogIn, smtp: MailServer) -> None:
    answer = log_in(aurora).post(aurora.url("tenants:member_create"), NEW)
    assert answer.status_code == 302
    user = User.objects.get(email="nina@aurora.example")
    assert not user.has_usable_password()
    assert user.memberships.get().role == Role.SALES
    send_due_mails()
    (mail,) = smtp.sent_to("nina@aurora.example")
    text = mail.get_content()
    assert "http://testserver/accounts/password/reset/" in text
    assert "Deine Rolle: Vertrieb" in text
    assert set_password_by_mail(user, smtp)


def set_password_by_mail(user: User, smtp: MailServer) -> bool:
    """Walk the way that the invitation names; whether the person can log in at its end."""
    stranger = Client()
    stranger.post("/accounts/password/reset/", {"email": user.email})
    text = smtp.sent_to(user.email)[-1].get_content()
    link = next(word for word in text.split() if "/accounts/password/reset/key/" in word)
    form = stranger.get(link.removeprefix("http://testserver"), follow=True).redirect_chain[-1][0]
    stranger.post(form, {"password1": "eine lange Nacht 7", "password2": "eine lange Nacht 7"})
    answer = Client().post("/accounts/login/", {"login": user.email, "password": "eine lange Nacht 7"})
    return answer.status_code == 302


def test_person_known_from_another_company_keeps_name_and_password(
    aurora: Tenant, bassline: Tenant, log_in: LogIn
) -> None:
    user = make_user(bassline, email="nina@aurora.example", first_name="Antonina")
    log_in(aurora).post(aurora.url("tenants:member_create"), NEW)
    user.refresh_from_db()
    assert user.first_name == "Antonina"
    assert user.has_usable_password()
    assert user.memberships.count() == 2
    assert "http://testserver/\n" in aurora.mails.get().text


def test_nobody_joins_twice(aurora: Tenant, log_in: LogIn) -> None:
    make_user(aurora, email="nina@aurora.example")
    answer = log_in(aurora).post(aurora.url("tenants:member_create"), NEW)
    assert answer.status_code == 422
    assert "Diese Person ist schon Mitglied." in answer.content.decode()
    assert not aurora.mails.exists()


def test_role_is_changed_and_written_down(aurora: Tenant, log_in: LogIn) -> None:
    member = make_user(aurora, Role.SALES).memberships.get()
    log_in(aurora).post(aurora.url("tenants:member_edit", member.pk), {"role": "warehouse"})
    member.refresh_from_db()
    assert member.role == Role.WAREHOUSE
    entry = AuditEntry.objects.about(member).get()
    assert (entry.action, entry.detail) == ("role_changed", {"before": "sales", "after": "warehouse"})


def test_last_administrator_keeps_the_role(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora)
    member = aurora.memberships.get()
    answer = client.post(aurora.url("tenants:member_edit", member.pk), {"role": "sales"})
    assert answer.status_code == 422
    assert "letzte Administrator" in answer.content.decode()
    answer = client.post(aurora.url("tenants:member_remove", member.pk))
    assert answer.status_code == 409
    member.refresh_from_db()
    assert member.role == Role.ADMIN


def test_inactive_administrators_do_not_count(aurora: Tenant) -> None:
    make_user(aurora, Role.ADMIN, is_active=False)
    member = make_user(aurora, Role.ADMIN).memberships.get()
    with pytest.raises(LastAdministrator):
        remove_member(membership=member, actor=SOMEBODY)


def test_removed_member_is_shut_out_at_once(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora, Role.SALES)
    member = aurora.memberships.get()
    log_in(aurora).post(aurora.url("tenants:member_remove", member.pk))
    assert client.get(aurora.url("messaging:inbox")).status_code == 404
    assert User.objects.filter(pk=member.user_id).exists()


def test_members_of_another_company_do_not_exist(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    member = make_user(aurora).memberships.get()
    client = log_in(cymbal)
    assert client.get(cymbal.url("tenants:member_edit", member.pk)).status_code == 404
    assert client.post(cymbal.url("tenants:member_remove", member.pk)).status_code == 404
    assert aurora.memberships.filter(pk=member.pk).exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_send_each_other_away() -> None:
    tenant = make_tenant("aurora")
    pair = [make_user(tenant, Role.ADMIN).memberships.get() for _ in range(2)]
    step_down = partial(change_role, actor=SOMEBODY, role=Role.SALES)
    answers = at_once(*[partial(step_down, membership=member) for member in pair])
    assert [isinstance(answer, LastAdministrator) for answer in answers].count(True) == 1
    assert tenant.memberships.filter(role=Role.ADMIN).count() == 1
