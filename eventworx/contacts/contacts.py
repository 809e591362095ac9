"""Keeping contacts and their people."""

from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact, ContactPerson
from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from eventworx.tenants.numbers import NumberKind, next_number


class ContactFields(TypedDict, total=False):
    """What a contact is made of, besides its number and its roles; `discount_percent` is a Decimal from 0 to 100."""

    name: str
    email: str
    phone: str
    website: str
    street: str
    postcode: str
    city: str
    country: str
    language: str
    discount_percent: Decimal
    note: str


class PersonFields(TypedDict, total=False):
    name: str
    position: str
    email: str
    phone: str


class NoRole(BusinessError):
    code = "no-role"
    message = _("A contact is a customer, a supplier or both: choose at least one.")
    field = "is_customer"


@transaction.atomic
def create_contact(*, tenant: Tenant, is_customer: bool, is_supplier: bool, **fields: Unpack[ContactFields]) -> Contact:
    """A new contact with the next number. Raises NoRole without a role (mission P1)."""
    _check_roles(is_customer, is_supplier)
    number = next_number(tenant=tenant, kind=NumberKind.CONTACT)
    return tenant.contacts.create(number=number, is_customer=is_customer, is_supplier=is_supplier, **fields)


@transaction.atomic
def update_contact(*, contact: Contact, **fields: Unpack[ContactFields]) -> Contact:
    """Change the master data; the roles are a decision of their own (`set_roles`)."""
    for name, value in fields.items():
        setattr(contact, name, value)
    contact.save(update_fields=[*fields, "search_key", "sort_key", "updated_at"])
    return contact


@transaction.atomic
def set_roles(*, contact: Contact, is_customer: bool | None = None, is_supplier: bool | None = None) -> Contact:
    """Make a contact customer, supplier or both; None: as it is by now. Raises NoRole where neither is left (mission
    P1, P9)."""
    now = contact.tenant.contacts.select_for_update(no_key=True).get(pk=contact.pk)
    is_customer = now.is_customer if is_customer is None else is_customer
    is_supplier = now.is_supplier if is_supplier is None else is_supplier
    _check_roles(is_customer, is_supplier)
    contact.is_customer, contact.is_supplier = is_customer, is_supplier
    contact.save(update_fields=["is_customer", "is_supplier", "updated_at"])
    return contact


@transaction.atomic
def add_person(*, contact: Contact, **fields: Unpack[PersonFields]) -> ContactPerson:
    return contact.people.create(tenant=contact.tenant, **fields)


@transaction.atomic
def update_person(*, person: ContactPerson, **fields: Unpack[PersonFields]) -> ContactPerson:
    for name, value in fields.items():
        setattr(person, name, value)
    person.save(update_fields=[*fields])
    return person


@transaction.atomic
def remove_person(*, person: ContactPerson) -> None:
    person.delete()


def _check_roles(is_customer: bool, is_supplier: bool) -> None:
    if not (is_customer or is_supplier):
        raise NoRole
