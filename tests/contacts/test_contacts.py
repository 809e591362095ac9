"""Rules of contacts: numbers, roles, people."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from eventworx.contacts.contacts import (
    NoRole,
    add_person,
    create_contact,
    remove_person,
    set_roles,
    update_contact,
    update_person,
)
from eventworx.tenants.models import Tenant
from tests.factories import make_contact


def test_a_contact_gets_the_next_number_of_its_tenant(aurora: Tenant, bassline: Tenant) -> None:
    numbers = [
        create_contact(tenant=tenant, name="Müller", is_customer=True, is_supplier=False).number
        for tenant in (aurora, aurora, bassline)
    ]
    assert numbers == ["K-10001", "K-10002", "K-10001"]


def test_a_contact_without_a_role_is_refused_and_takes_no_number(aurora: Tenant) -> None:
    with pytest.raises(NoRole):
        create_contact(tenant=aurora, name="Müller", is_customer=False, is_supplier=False)
    assert not aurora.contacts.exists()
    assert create_contact(tenant=aurora, name="B", is_customer=True, is_supplier=False).number == "K-10001"


def test_an_update_leaves_the_roles_alone(aurora: Tenant) -> None:
    contact = make_contact(aurora, is_supplier=True)
    update_contact(contact=contact, name="Neu & Co", discount_percent=Decimal("12.5"))
    contact.refresh_from_db()
    assert (contact.name, contact.discount_percent) == ("Neu & Co", Decimal("12.50"))
    assert (contact.is_customer, contact.is_supplier) == (False, True)


def test_an_update_with_a_stale_copy_does_not_bring_a_role_back(aurora: Tenant) -> None:
    """A role that an administrator took away is a partner's way to our stock."""
    stale = make_contact(aurora, is_customer=True, is_supplier=True)
    set_roles(contact=aurora.contacts.get(), is_customer=False, is_supplier=True)
    update_contact(contact=stale, name="Neuer Name")
    contact = aurora.contacts.get()
    assert (contact.name, contact.is_customer) == ("Neuer Name", False)


def test_an_update_is_found_under_the_new_name(aurora: Tenant) -> None:
    contact = update_contact(contact=make_contact(aurora, "Alt"), name="Übermaß GmbH")
    assert list(aurora.contacts.matching("uebermass")) == [contact]
    assert not aurora.contacts.matching("alt")


def test_roles_can_be_both_but_not_none(aurora: Tenant) -> None:
    contact = set_roles(contact=make_contact(aurora), is_customer=True, is_supplier=True)
    with pytest.raises(NoRole):
        set_roles(contact=contact, is_customer=False, is_supplier=False)
    contact.refresh_from_db()
    assert (contact.is_customer, contact.is_supplier) == (True, True)


def test_the_database_too_refuses_a_contact_without_a_role(aurora: Tenant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_contact(aurora, is_customer=False, is_supplier=False)


def test_people_come_change_and_go(aurora: Tenant) -> None:
    contact = make_contact(aurora)
    person = add_person(contact=contact, name="Ida Sommer", email="ida@kunde.example")
    update_person(person=person, name="Ida Winter", position="Einkauf")
    assert [(p.name, p.position, p.email, p.tenant) for p in contact.people.all()] == [
        ("Ida Winter", "Einkauf", "ida@kunde.example", aurora)
    ]
    remove_person(person=person)
    assert not contact.people.exists()
