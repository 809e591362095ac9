"""Two clicks on "Partner (Netzwerk)" for a contact that has no connection yet make one."""

import threading
from uuid import UUID

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from partners import connections
from tests.factories import make_contact

ADMIN = Actor(label="Ada")
WAITS = 0.5  # seconds that the second click has to stand at the lock


def click(contact: Contact, found: list[UUID]) -> None:
    try:
        found.append(connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now()).pk)
    finally:
        database.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_second_click_finds_the_connection_of_the_first(aurora: Tenant) -> None:
    contact, found = make_contact(aurora, is_supplier=True), []
    second = threading.Thread(target=click, args=(contact, found))
    with transaction.atomic():
        first = connections.switch_on(contact=contact, actor=ADMIN, now=timezone.now())
        second.start()
        second.join(WAITS)
        assert found == []
    second.join(10)
    assert found == [first.pk]
