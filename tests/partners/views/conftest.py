"""A job of Aurora, whose supplier is Bassline, and who sells."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.models import Article
from jobs.models import Job
from jobs.states import JobState
from partners.models import PartnerConnection
from partners.releases import release
from tests.factories import make_article, make_category, make_job


@pytest.fixture
def ours(pair: tuple[PartnerConnection, PartnerConnection]) -> PartnerConnection:
    """Aurora's side; at Bassline everything is released."""
    release(connection=pair[1], actor=Actor(label="Boss"), everything=True)
    return pair[0]


@pytest.fixture
def theirs(bassline: Tenant) -> Article:
    return make_article(
        bassline,
        "MAC Aura XB",
        owned=10,
        number="4711",
        manufacturer="Martin",
        gtin="4006381333931",
        rental_price=Decimal("25.00"),
        category=make_category(bassline, "Licht"),
    )


@pytest.fixture(params=[JobState.QUOTE, JobState.ORDER])
def job(request: pytest.FixtureRequest, aurora: Tenant) -> Job:
    """Quote and order alike."""
    return make_job(aurora, state=request.param)


@pytest.fixture
def sales(log_in: Callable[..., Client], aurora: Tenant) -> Client:
    return log_in(aurora, Role.SALES)
