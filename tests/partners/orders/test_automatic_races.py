"""Level 3 under load: no unit is promised twice, and who lowers it or pulls the brake is heard (mission O9, R3, R5)."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from eventworx.audit import Actor
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import stock_of
from inventory.models import Article
from jobs import inquiries, planning
from jobs.models import Job
from jobs.positions import add_position
from jobs.states import JobState
from partners import connections
from partners.models import PartnerConnection
from partners.releases import release
from partners.shown_stock import StockMode
from tests.crowd import at_once
from tests.factories import make_article, make_connection, make_job
from tests.fakes import InProcess
from tests.partners.orders.doing import NO_LIMITS, at_level_3, post

ADMIN = Actor(label="Ada")
WAITS = 0.5  # seconds that an order has to stand at the lock
pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def article(bassline: Tenant) -> Article:
    return make_article(bassline, "MAC Aura XB", owned=10)


@pytest.fixture
def partners(aurora: Tenant, cymbal: Tenant, bassline: Tenant, network: InProcess) -> list[PartnerConnection]:
    """Two companies at whose disposal bassline's stock is, each on his own side."""
    made = [make_connection(tenant, peer=bassline) for tenant in (aurora, cymbal)]
    for _ours, theirs in made:
        at_level_3(theirs)
        release(connection=theirs, actor=ADMIN, everything=True)
    return [ours for ours, _theirs in made]


def orders(period: Period, *lines: tuple[Article, int]) -> dict[str, Any]:
    said = {"start": f"{period.start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{period.end:%Y-%m-%dT%H:%M:%SZ}", "zone": "UTC"}
    return {
        "id": str(uuid4()),
        "intent": "order",
        "buyer": {"name": "Buyer"},
        "planning_period": said,
        "usage_period": said,
        "currency": "EUR",
        "lines": [{"id": str(uuid4()), "article": str(article.pk), "quantity": units} for article, units in lines],
    }


def placing(partner: PartnerConnection, body: dict[str, Any]) -> Callable[[], str]:
    def place() -> str:
        document: Any = post(partner, "/orders", body).document
        return str(document["state"])

    return place


@pytest.fixture
def period(bassline: Tenant) -> Period:
    return make_job(bassline).planning_period


def test_of_two_orders_for_the_same_last_units_one_is_confirmed(
    partners: list[PartnerConnection], article: Article, period: Period
) -> None:
    states = at_once(*(placing(partner, orders(period, (article, 6))) for partner in partners))
    assert sorted(states) == ["confirmed", "requested"]
    assert [row.quantity for row in article.tenant.reservations.all()] == [6]


def test_eight_at_once_get_what_there_is_and_no_unit_more(
    partners: list[PartnerConnection], article: Article, period: Period
) -> None:
    """Lines in both directions, so that whoever locked articles as they come would wait for each other."""
    other = make_article(article.tenant, "Nebler", owned=10)
    lines = [((article, 3), (other, 3)), ((other, 3), (article, 3))]
    deeds = [placing(partners[n % 2], orders(period, *lines[n // 2 % 2])) for n in range(8)]
    states = at_once(*deeds)
    assert sorted(states) == ["confirmed"] * 3 + ["requested"] * 5
    left = stock_of(articles=[article, other], period=period)
    assert [stock.free for stock in left.values()] == [1, 1]


def test_what_is_kept_back_is_there_afterwards(
    partners: list[PartnerConnection], article: Article, period: Period, bassline: Tenant
) -> None:
    for connection in bassline.partner_connections.all():
        connections.set_stock_terms(
            connection=connection, stock_mode=StockMode.EXACT, stock_cap=None, stock_kept_back=3, actor=ADMIN
        )
    states = at_once(*(placing(partners[n % 2], orders(period, (article, 2))) for n in range(6)))
    assert sorted(states) == ["confirmed"] * 3 + ["requested"] * 3
    assert stock_of(articles=[article], period=period)[article.pk].free == 4


def test_an_order_and_a_job_of_ours_share_nothing(
    partners: list[PartnerConnection], article: Article, period: Period
) -> None:
    job: Job = make_job(article.tenant, period=period)
    add_position(job=job, article=article, quantity=6)

    def plan() -> str:
        return str(planning.set_state(job=job, state=JobState.ORDER).state)

    state, _ours = at_once(placing(partners[0], orders(period, (article, 6))), plan)
    held = sorted(row.quantity for row in article.tenant.reservations.all())
    # Ours takes what is left and shows the rest as shortage; a partner's order is whole or nothing.
    assert held == ([4, 6] if state == "confirmed" else [6])


@pytest.mark.parametrize("deed", ["level", "number", "brake", "brake for all", "limit", "customer"])
def test_what_was_taken_away_while_an_order_waited_holds(
    partners: list[PartnerConnection], article: Article, period: Period, bassline: Tenant, deed: str
) -> None:
    """The order stands at the lock of the connection; what it finds behind it counts."""
    lender = bassline.partner_connections.get(pk=partners[0].peer_connection_id)
    states: list[Any] = []
    order = threading.Thread(target=lambda: states.extend(at_once(placing(partners[0], orders(period, (article, 1))))))
    with transaction.atomic():
        locked = lender.locked()
        order.start()
        order.join(WAITS)
        assert states == []
        take_away(locked, deed)
    order.join(10)
    database.close()
    if deed == "customer":
        assert [refused.problem.code for refused in states] == ["level"]
    else:
        assert states == ["requested"]
    assert not bassline.reservations.exists()


def take_away(lender: PartnerConnection, deed: str) -> None:
    now, of_all = timezone.now(), {"tenant": lender.tenant, "actor": ADMIN}
    if deed == "level":
        connections.set_level(connection=lender, level=2, actor=ADMIN)
    elif deed == "number":
        lender.verified_at = None
        lender.save(update_fields=["verified_at"])
    elif deed == "brake":
        connections.pull_brake(**of_all, connection=lender, now=now)  # type: ignore[arg-type]
    elif deed == "brake for all":
        connections.pull_brake(**of_all, now=now)  # type: ignore[arg-type]
    elif deed == "limit":
        limit(lender, most_units=0)
    elif deed == "customer":
        lender.contact.is_customer = False
        lender.contact.save(update_fields=["is_customer"])


def limit(lender: PartnerConnection, **limits: Any) -> None:
    connections.set_guard_rails(connection=lender, actor=ADMIN, **(NO_LIMITS | limits))


@pytest.mark.parametrize("is_locked", [True, False])
def test_of_two_orders_that_arrive_together_one_is_the_last_of_the_day(
    partners: list[PartnerConnection],
    article: Article,
    period: Period,
    bassline: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    is_locked: bool,
) -> None:
    """Without the lock of the connection, the control, both have their limits looked at and stand at the article.

    Numbers come from nowhere here: giving them out one by one would hold up the second as well.
    """
    monkeypatch.setattr(inquiries, "next_number", lambda **_which: f"A-{uuid4()}"[:20])
    limit(bassline.partner_connections.get(pk=partners[0].peer_connection_id), most_orders=1)
    if not is_locked:
        monkeypatch.setattr(PartnerConnection, "locked", PartnerConnection.reread)
    states: list[Any] = []
    deeds = [placing(partners[0], orders(period, (article, 1))) for _two in range(2)]
    both = threading.Thread(target=lambda: states.extend(at_once(*deeds)))
    with transaction.atomic():
        Article.objects.select_for_update().get(pk=article.pk)
        both.start()
        both.join(WAITS)
        assert states == []
    both.join(10)
    assert sorted(states) == ["confirmed", "requested" if is_locked else "confirmed"]


def test_the_brake_waits_for_an_order_on_its_way_through(
    partners: list[PartnerConnection], article: Article, period: Period, bassline: Tenant
) -> None:
    """Once it is pulled nothing more is promised: not even what had begun before."""
    lender = bassline.partner_connections.get(pk=partners[0].peer_connection_id)
    pulled: list[float] = []

    def pull() -> None:
        try:
            connections.pull_brake(tenant=bassline, actor=ADMIN, now=timezone.now())
            pulled.append(1)
        finally:
            database.close()

    brake = threading.Thread(target=pull)
    with transaction.atomic():
        lender.locked()
        brake.start()
        brake.join(WAITS)
        assert pulled == []
    brake.join(10)
    assert pulled == [1]
    assert placing(partners[0], orders(period, (article, 1)))() == "requested"
