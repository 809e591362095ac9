"""The head of a contact and the tab "Partner"."""

from collections.abc import Callable

import pytest
from django.test import Client

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners.models import PartnerConnection
from tests.factories import make_contact

LogIn = Callable[..., Client]
Pair = tuple[PartnerConnection, PartnerConnection]
HTMX = {"HX-Request": "true"}


def test_switch_makes_the_tab_appear(aurora: Tenant, log_in: LogIn) -> None:
    contact, client = make_contact(aurora, "Bassline Rental", is_supplier=True), log_in(aurora)
    header = aurora.url("partners:contact_header", contact.pk)
    assert 'id="partner-tab"' not in client.get(header, headers=HTMX).content.decode()
    answer = client.post(aurora.url("partners:switch", contact.pk), {"on": "1"}, headers=HTMX)
    assert 'id="partner-tab" hx-swap-oob="true"' in answer.content.decode()
    assert "Bassline Rental" in client.get(aurora.url("partners:tab", contact.pk)).content.decode()


def test_tab_of_a_connection_that_stands(pair: Pair, log_in: LogIn) -> None:
    contact = pair[0].contact
    text = log_in(pair[0].tenant).get(pair[0].tenant.url("partners:tab", contact.pk)).content.decode()
    assert "Bassline Rental" in text
