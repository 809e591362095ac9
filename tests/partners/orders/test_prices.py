"""The price in the answer and in the order: list less the contact's discount, day factors applied (mission R6)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from eventworx.money import line_net
from eventworx.periods import Period
from partners import matching, search
from partners.models import PartnerConnection
from partners.outbox import Outcome
from partners.protocol.wire import Listing
from tests.factories import make_article
from tests.partners.orders.doing import at_level_3
from tests.partners.trade import Trade, shown


def listing_of(trade: Trade) -> Listing:
    """What the partner says of the article for the job's dates, picked and linked."""
    periods: dict[str, Period] = {"period": trade.job.planning_period, "usage": trade.job.usage_period}
    kept = search.fetch_listing(connection=trade.ours, article_id=str(trade.article.pk), **periods)
    own = make_article(trade.ours.tenant, f"{trade.article.name} (own)", owned=0)
    named: dict[str, Any] = {"tenant": trade.ours.tenant, "contact": trade.ours.contact, "article": own}
    matching.link_article(partner_article_id=kept.partner_article_id, actor=trade.actor, **named)
    return search.picked_listing(contact=trade.ours.contact, partner_article_id=kept.partner_article_id)


def test_figures_of_a_partner_are_kept_to_their_last_digit_and_rounded_once(trade: Trade) -> None:
    """The wire carries six decimals, the line is rounded to cents (protocol §4 "Money"): both reckon the same."""
    listing_of(trade)
    kept = trade.ours.contact.partner_listings.get()
    steps = [{"days": 1, "factor": "1.000001"}, {"days": 4, "factor": "2.345678"}]
    kept.document["price"] = {"currency": "EUR", "list": "25.123456", "discount_percent": "12.345678", "factors": steps}
    kept.save()
    seen = shown(trade.job, trade.ours.contact, kept.partner_article_id)
    named: dict[str, Any] = {"connection": trade.ours, "partner_article_id": kept.partner_article_id, "seen": seen}
    position = search.add_partner_position(job=trade.job, quantity=999, **named)
    position = type(position).objects.select_related("tenant").get(pk=position.pk)
    figures = {"unit_price": Decimal("25.123456"), "factor": Decimal("2.345678")}
    figures["discount_percent"] = Decimal("12.345678")
    net = line_net(quantity=999, currency="EUR", **figures)
    frozen = position.unit_cost, position.cost_factor, position.cost_discount_percent
    assert (frozen, position.cost) == (tuple(figures.values()), net)
    trade.send()
    line = trade.ours.tenant.sub_rental_order_lines.get()
    assert ((line.unit_cost, line.factor, line.discount_percent), line.net) == (frozen, net)


def priced(trade: Trade, *, kind: str = "rental") -> PartnerConnection:
    """33.33 a day less 12.5 percent; the second day costs half, each after it a quarter."""
    lender = trade.theirs
    lender.contact.discount_percent = Decimal("12.50")
    lender.contact.save()
    steps = [{"days": 1, "factor": "1"}, {"days": 2, "factor": "1.5"}]
    scale = lender.tenant.factor_scales.create(name="Kurz", steps=steps, extra_day_factor=Decimal("0.25"))
    trade.article.rental_price, trade.article.factor_scale, trade.article.kind = Decimal("33.33"), scale, kind
    trade.article.save()
    return lender


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize(("kind", "factor"), [("rental", "2.00"), ("sale", "1")])
@pytest.mark.parametrize("quantity", [1, 7])
def test_the_order_costs_what_the_search_said(
    trade: Trade, work: Callable[..., list[Outcome]], kind: str, factor: str, quantity: int, level: int
) -> None:
    lender = priced(trade, kind=kind)
    if level == 3:
        at_level_3(lender)
    listing = listing_of(trade)
    price, shown = listing.price, search.price_in(trade.job, listing, supplier=trade.ours.contact)
    assert price is not None
    assert shown is not None
    days = trade.job.usage_period.days_touched(lender.tenant.zone)
    assert days == 4
    expected = {"unit_price": Decimal("33.33"), "factor": Decimal(factor), "discount_percent": Decimal("12.50")}
    assert price.net_for_period == line_net(quantity=1, currency="EUR", **expected)
    named: dict[str, Any] = {"connection": trade.ours, "partner_article_id": str(trade.article.pk)}
    search.add_partner_position(job=trade.job, quantity=quantity, seen=shown.carried, **named)
    trade.send()
    work()
    document = trade.outgoing().document
    [line] = document["lines"]
    net = line_net(quantity=quantity, currency="EUR", **expected)
    assert (Decimal(line["net"]), Decimal(document["net"])) == (net, net)
    assert {name: Decimal(line[name]) for name in expected} == expected
    ordered = trade.ours.tenant.sub_rental_orders.get()
    assert (ordered.net, Decimal(line["expected_net"])) == (net, net)  # the buyer reckons the same
    if level == 3:
        assert (document["state"], Decimal(line["answer"]["net"])) == ("confirmed", net)
    else:
        assert document["state"] == "requested"
