"""People, and a clock that moves only when the test says so."""

from collections.abc import Iterator

import pytest
import time_machine

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from tests.accounts.doing import Person
from tests.factories import make_user


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2027-03-01T12:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def nina(aurora: Tenant) -> Person:
    """An administrator with a password and no second factor."""
    return Person(make_user(aurora, Role.ADMIN, email="nina@aurora.example", first_name="Nina", last_name="Neu"))


@pytest.fixture
def guarded(nina: Person, clock: time_machine.Traveller) -> Person:
    """Nina, who has just set up a second factor and is logged in; the next code is on her display."""
    nina.set_up()
    clock.shift(30)
    return nina
