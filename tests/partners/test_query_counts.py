"""Pages that list something cost the same for 1 and for 3 rows, against one literal each (house rule 8).

Here are those that no test of their own room counts. The page must have grown, else the rows were not on it.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from eventworx.messaging.mail import queue_mail
from eventworx.tenants.roles import Role
from jobs.states import JobState
from partners.connections import Deed, note_refused
from partners.models import PartnerConnection
from partners.outbox import DeliveryKind, enqueue_delivery
from tests.factories import make_article, make_contact, make_job, make_tenant, make_user
from tests.partners.trade import Trade


def more_members(trade: Trade) -> None:
    make_user(trade.ours.tenant, Role.WAREHOUSE)


def more_people(trade: Trade) -> None:
    trade.ours.contact.people.create(tenant=trade.ours.tenant, name="Pia")


def more_jobs_of_the_contact(trade: Trade) -> None:
    make_job(trade.ours.tenant, trade.ours.contact, state=JobState.ORDER)


def more_supplied_articles(trade: Trade) -> None:
    article = make_article(trade.ours.tenant)
    trade.ours.contact.supplied_articles.create(tenant=trade.ours.tenant, article=article, price=Decimal(5))


def more_news_of_the_partner(trade: Trade) -> None:
    """Something that waits for him, a mail, a refusal and an entry of the journal."""
    ours = trade.ours
    note_refused(connection=ours, reason=f"reason-{ours.refusals.count()}", address="", now=timezone.now())
    enqueue_delivery(connection=ours, kind=DeliveryKind.NOTICE, path="/connection/notice", body={})
    texts = {"topic": "partner_code", "template": "test", "context": {}, "language": "de"}
    queue_mail(tenant=ours.tenant, to=ours.contact.email, contact=ours.contact, **texts)
    ours.tenant.audit_entries.create(
        actor_label="Ada",
        action=Deed.values[0],
        target_type=PartnerConnection._meta.label_lower,
        target_id=str(ours.pk),
        target_label=str(ours),
    )


def more_unordered_positions(trade: Trade) -> None:
    trade.add_position()


def more_orders(trade: Trade) -> None:
    trade.add_position()
    trade.send()


def more_companies(trade: Trade) -> None:
    trade.buyer.memberships.create(tenant=make_tenant(f"firma-{trade.buyer.memberships.count()}"), role=Role.SALES)


def more_articles(trade: Trade) -> None:
    make_article(trade.ours.tenant, "PAR 64")


def more_connections(trade: Trade) -> None:
    trade.ours.tenant.partner_connections.create(
        contact=make_contact(trade.ours.tenant, is_supplier=True), connected_at=timezone.now()
    )


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("name", "of", "more", "queries"),
    [
        ("tenants:members", "", more_members, 6),
        ("contacts:people", "contact", more_people, 7),
        ("jobs:of_contact", "contact", more_jobs_of_the_contact, 8),
        ("jobs:articles_of_supplier", "contact", more_supplied_articles, 8),
        ("partners:tab", "contact", more_news_of_the_partner, 15),
        ("partners:journal", "contact", more_news_of_the_partner, 9),
        ("partners:release_search", "contact", more_articles, 8),
        ("partners:job_orders", "job", more_unordered_positions, 9),
        ("partners:job_orders", "job", more_orders, 10),
        ("partners:material_source", "job", more_connections, 7),
        ("jobs:own_material", "job", more_articles, 8),
        ("jobs:positions", "job", more_unordered_positions, 8),
        ("jobs:dashboard", "", more_companies, 9),
    ],
)
def test_a_page_costs_the_same_for_any_number_of_rows(
    trade: Trade,
    django_assert_num_queries: Any,
    name: str,
    of: str,
    more: Callable[[Trade], None],
    queries: int,
    rows: int,
) -> None:
    ids = {"contact": [trade.ours.contact_id], "job": [trade.job.pk]}.get(of, [])
    client, url = Client(), trade.ours.tenant.url(name, *ids) + "?q=par"
    client.force_login(make_user(trade.ours.tenant, Role.ADMIN) if more is not more_companies else trade.buyer)
    empty = client.get(url)
    for _ in range(rows):
        more(trade)
    with django_assert_num_queries(queries):
        full = client.get(url)
    assert full.status_code == 200
    assert len(full.content) > len(empty.content)


@pytest.mark.parametrize("rows", [1, 3])
def test_choosing_a_company_costs_the_same_for_any_number_of_them(
    trade: Trade, django_assert_num_queries: Any, rows: int
) -> None:
    client = Client()
    client.force_login(trade.buyer)
    for _ in range(rows):
        more_companies(trade)
    # Session, user, memberships.
    with django_assert_num_queries(3):
        assert client.get("/").status_code == 200
