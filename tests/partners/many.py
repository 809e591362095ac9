"""Aurora with several partners at once, each with his own way of answering."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant, User
from inventory.models import Article
from jobs.models import Job
from partners import transport
from partners.models import PartnerConnection
from partners.releases import release
from partners.search import Wanted, callers
from partners.search.callers import Callers, wait_for
from tests.factories import make_article, make_connection, make_job, make_tenant, make_user
from tests.fakes import Mixed


@dataclass
class Many:
    """Who hires, from whom (by short name), over which network."""

    tenant: Tenant
    asker: User
    job: Job
    network: Mixed
    partners: dict[str, PartnerConnection] = field(default_factory=dict)

    def add(self, name: str, *articles: str, **facts: Any) -> PartnerConnection:
        """A partner who has released everything he has, which is ten of each of `articles`."""
        peer = make_tenant(name, f"{name.title()} Rental")
        ours, theirs = make_connection(self.tenant, peer=peer, **facts)
        release(connection=theirs, actor=Actor(label="Boss"), everything=True)
        for article in articles:
            make_article(peer, article)
        self.partners[name] = ours
        return ours

    def is_slow(self, name: str, seconds: float) -> None:
        self.network.seconds[str(self.partners[name].peer_connection_id)] = seconds

    def says(self, name: str, fault: Any) -> None:
        self.network.faults[str(self.partners[name].peer_connection_id)] = fault

    def is_called(self, name: str, title: str) -> None:
        contact = self.partners[name].contact
        contact.name = title
        contact.save()

    def rests(self, name: str) -> None:
        """Nothing came back several times in a row."""
        now = timezone.now()
        facts = {"failures": 3, "failing_since": now - timedelta(minutes=5), "retry_at": now + timedelta(minutes=4)}
        PartnerConnection.objects.filter(pk=self.partners[name].pk).update(**facts)

    def lends(self, name: str) -> list[Article]:
        return list(Tenant.objects.get(slug=name).articles.by_name())

    def wanted(self, query: str = "") -> Wanted:
        return Wanted(query=query, period=self.job.planning_period, usage=self.job.usage_period)


class Remembered(Callers):
    """Every call of a test, so that it can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Event] = []

    def ask(self, partner: UUID, make: Callable[[], None]) -> Event:
        self.calls.append(super().ask(partner, make))
        return self.calls[-1]


@contextmanager
def many(network: Mixed) -> Iterator[Many]:
    """With nobody to hire from yet. In the end nobody takes his time any more, and all calls are over: none meets the
    database after it was emptied, or that of the next test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "current", network)
        patch.setattr(callers, "current", asking := Remembered())
        tenant = make_tenant("aurora", "Aurora")
        yield Many(tenant, make_user(tenant), make_job(tenant), network)
        network.is_over.set()
        wait_for(asking.calls, seconds=10)
        assert all(call.is_set() for call in asking.calls)
