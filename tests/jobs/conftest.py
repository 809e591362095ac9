"""Ten lamps of Aurora, and an order that needs eight of them."""

import pytest

from eventworx.tenants.models import Tenant
from inventory.models import Article
from jobs.models import Job
from tests.factories import make_article
from tests.jobs.scenes import order


@pytest.fixture
def par(aurora: Tenant) -> Article:
    return make_article(aurora, "PAR 64", owned=10)


@pytest.fixture
def job(par: Article) -> Job:
    return order(par, 8)
