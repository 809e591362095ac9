"""A company may demand a second factor of its administrators (each of its pages: `tests.test_tenant_isolation`)."""

from typing import Any

import pytest

from eventworx.audit import Actor, AuditEntry
from eventworx.tenants.models import Membership, Tenant
from eventworx.tenants.roles import Role
from eventworx.tenants.tenants import NoSecondFactorYourself, update_settings
from tests.accounts.doing import REMOVE, SET_UP, Person
from tests.company.test_settings import GIVEN
from tests.factories import make_user

DEMAND = GIVEN | {"second_factor_for_admins": "on"}


@pytest.fixture
def demanding(aurora: Tenant) -> Tenant:
    aurora.second_factor_for_admins = True
    aurora.save()
    return aurora


def test_an_administrator_without_one_is_led_to_the_set_up(nina: Person, demanding: Tenant) -> None:
    nina.enter_password()
    page = nina.client.get("/", follow=True)
    assert page.redirect_chain == [(demanding.url("jobs:dashboard"), 302), (SET_UP, 302)]
    assert "Aurora Veranstaltungstechnik verlangt von Administratoren einen zweiten Faktor." in page.content.decode()


def test_part_of_a_page_sends_the_whole_page_there(nina: Person, demanding: Tenant) -> None:
    nina.enter_password()
    answer = nina.client.post(demanding.url("tenants:test_mail"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, SET_UP)
    assert not demanding.mails.exists()


def test_with_one_everything_is_open_and_without_it_shut_again(guarded: Person, demanding: Tenant) -> None:
    assert guarded.client.get(demanding.url("tenants:settings")).status_code == 200
    guarded.client.post(REMOVE)
    assert guarded.client.get(demanding.url("tenants:settings"))["Location"] == SET_UP


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_other_roles_need_none(demanding: Tenant, role: Role) -> None:
    person = Person(make_user(demanding, role))
    person.enter_password()
    assert person.client.get(demanding.url("jobs:dashboard")).status_code == 200


def test_another_company_of_the_same_person_stays_open(nina: Person, demanding: Tenant, bassline: Tenant) -> None:
    Membership.objects.create(tenant=bassline, user=nina.user, role=Role.ADMIN)
    nina.enter_password()
    assert nina.client.get(bassline.url("tenants:settings")).status_code == 200
    assert nina.client.get(demanding.url("tenants:settings"))["Location"] == SET_UP


def test_who_becomes_an_administrator_needs_one_from_then_on(nina: Person, demanding: Tenant) -> None:
    member = nina.user.memberships.get()
    Membership.objects.filter(pk=member.pk).update(role=Role.SALES)
    nina.enter_password()
    assert nina.client.get(demanding.url("jobs:dashboard")).status_code == 200
    Membership.objects.filter(pk=member.pk).update(role=Role.ADMIN)
    assert nina.client.get(demanding.url("jobs:dashboard"))["Location"] == SET_UP


# --- the switch -------------------------------------------------------------------------------------
def test_nobody_shuts_themselves_out(nina: Person, aurora: Tenant) -> None:
    nina.enter_password()
    answer = nina.client.post(aurora.url("tenants:settings"), DEMAND)
    assert answer.status_code == 422
    assert "Du hast selbst keinen zweiten Faktor." in answer.content.decode()
    aurora.refresh_from_db()
    assert (aurora.second_factor_for_admins, aurora.name) == (False, "Aurora Veranstaltungstechnik")


def test_switching_it_on_is_written_down(guarded: Person, aurora: Tenant) -> None:
    page = guarded.client.get(aurora.url("tenants:settings")).content.decode()
    assert "Zweiter Faktor für Administratoren verlangen" in page
    guarded.client.post(aurora.url("tenants:settings"), DEMAND)
    aurora.refresh_from_db()
    assert aurora.second_factor_for_admins
    changed = AuditEntry.objects.about(aurora).get().detail["changed"]
    assert changed["second_factor_for_admins"] == ["False", "True"]


def test_settings_that_demand_it_can_be_saved_again(guarded: Person, demanding: Tenant) -> None:
    assert guarded.client.post(demanding.url("tenants:settings"), DEMAND).status_code == 302


def test_the_operator_may_switch_it_on_for_a_company(aurora: Tenant) -> None:
    update_settings(tenant=aurora, actor=Actor("manage.py"), second_factor_for_admins=True)
    aurora.refresh_from_db()
    assert aurora.second_factor_for_admins


def test_the_rule_stands_in_the_use_case(nina: Person, aurora: Tenant) -> None:
    with pytest.raises(NoSecondFactorYourself):
        update_settings(tenant=aurora, actor=Actor("Nina", user=nina.user), second_factor_for_admins=True)


# --- the list of members ----------------------------------------------------------------------------
@pytest.mark.parametrize("more", [0, 2])
def test_the_list_shows_who_has_one(guarded: Person, aurora: Tenant, more: int, django_assert_num_queries: Any) -> None:
    for _ in range(more):
        make_user(aurora)
    with django_assert_num_queries(6):
        page = guarded.client.get(aurora.url("tenants:members")).content.decode()
    assert page.count(">ja<") == 1
    assert page.count(">nein<") == more
