"""Papers: quote and order confirmation for our customer, the order for a supplier. Each in its reader's language."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from eventworx.contacts.countries import country_name
from eventworx.contacts.models import Contact
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.web.templatetags.ewx import day, money, period, unit_price
from jobs.figures import figure
from jobs.logistics import logistics_facts
from jobs.models import Job, SubRentalOrder
from jobs.paper import Paper, render
from jobs.states import JobState
from jobs.totals import totals_of


def job_pdf(*, job: Job, compressed: bool = True) -> bytes:
    """The order confirmation of a job that is an order, else its quote; A4, in the customer's language."""
    with translation.override(job.customer.language):
        return render(_job_paper(job), compressed=compressed)


def sub_rental_order_pdf(*, order: SubRentalOrder, compressed: bool = True) -> bytes:
    """A sub-rental order with its frozen figures; A4, in the supplier's language."""
    with translation.override(order.supplier.language):
        return render(_order_paper(order), compressed=compressed)


def _job_paper(job: Job) -> Paper:
    tenant, positions = job.tenant, list(job.positions.select_related("tenant", "article").in_order())
    totals = totals_of(job, positions)
    title = _("Order confirmation") if job.state == JobState.ORDER else _("Quote")
    return Paper(
        sender=_sender(tenant),
        recipient=_recipient(job.customer),
        title=f"{title} {job.number}",
        subject=job.title,
        facts=_facts(tenant, job.planning_period, job.usage_period, customer_reference=job.customer_reference)
        + ([(_("Venue"), job.venue)] if job.venue else []),
        columns=_columns(),
        rows=[
            _row(
                tenant=tenant,
                number=position.article.number if position.article else "",
                name=position.description,
                quantity=position.quantity,
                unit=position.unit,
                price=position.unit_price,
                per_day=position.is_per_day,
                factor=position.factor,
                discount=position.discount_percent,
                net=position.net,
            )
            for position in positions
        ],
        sums=[
            (_("Net"), money(totals.net, tenant.currency)),
            (_("VAT %(percent)s %%") % {"percent": figure(job.tax_percent)}, money(totals.tax, tenant.currency)),
            (_("Total"), money(totals.gross, tenant.currency)),
        ],
        notes=[],
    )


def _order_paper(order: SubRentalOrder) -> Paper:
    tenant = order.tenant
    planning = Period(order.planning_start, order.planning_end)
    usage = Period(order.usage_start, order.usage_end)
    binding = _("We ask for this material. The order is binding once you confirm it.")
    return Paper(
        sender=_sender(tenant),
        recipient=_recipient(order.supplier),
        title=pgettext("sub-rental", "Order") + f" {order.number}",
        subject=binding,
        facts=_facts(tenant, planning, usage) + logistics_facts(order.logistics, tenant),
        columns=_columns(),
        rows=[
            _row(
                tenant=tenant,
                number=line.supplier_number,
                name=line.name,
                quantity=line.quantity,
                unit=line.unit,
                price=line.unit_cost,
                per_day=line.position is None or line.position.is_per_day,
                factor=line.factor,
                discount=line.discount_percent,
                net=line.net,
            )
            for line in order.lines.select_related("position__article").order_by("pk")
        ],
        sums=[(_("Net"), money(order.net, order.currency))],
        notes=[order.remark] if order.remark else [],
    )


def _sender(tenant: Tenant) -> list[str]:
    place = f"{tenant.postcode} {tenant.city}".strip()
    return [line for line in (tenant.name, tenant.street, place, tenant.phone) if line]


def _recipient(contact: Contact) -> list[str]:
    country = country_name(contact.country) if contact.country != contact.tenant.country else ""
    place = f"{contact.postcode} {contact.city}".strip()
    return [line for line in (contact.name, contact.street, place, country) if line]


def _facts(tenant: Tenant, planning: Period, usage: Period, customer_reference: str = "") -> list[tuple[str, str]]:
    today = timezone.localdate(timezone=tenant.zone)
    facts = [
        (_("Date"), day(today)),
        (_("Planning period"), period(planning, tenant)),
        (_("Usage period"), period(usage, tenant)),
        (_("Your reference"), customer_reference),
    ]
    return [fact for fact in facts if fact[1]]


def _columns() -> list[str]:
    return ["#", _("Article"), _("Quantity"), _("Price"), _("Factor"), _("Discount"), _("Net")]


def _row(
    *,
    tenant: Tenant,
    number: str,
    name: str,
    quantity: int,
    unit: str,
    price: Decimal,
    per_day: bool,
    factor: Decimal,
    discount: Decimal,
    net: Decimal,
) -> Sequence[str]:
    return [
        "\n".join(filter(None, [name, number])),
        f"{figure(Decimal(quantity))} {unit}".strip(),
        "\n".join([unit_price(price, tenant.currency), *([_("per day")] if per_day else [])]),
        figure(factor),
        f"{figure(discount)} %" if discount else "",
        money(net, tenant.currency),
    ]
