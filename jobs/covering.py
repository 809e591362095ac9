"""Covering what is short with what a supplier has: the need is split, nothing is added to it (mission J6, J7)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext_lazy

from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError, about
from eventworx.tenants.models import Tenant
from jobs import own_stock
from jobs.models import Job, Position
from jobs.positions import (
    NoQuantity,
    PositionIsGone,
    SupplierTerms,
    add_sub_rental_position,
    freeze_terms,
    open_job,
    remember_supplier,
    require_hireable,
)
from jobs.promises import require_kept
from jobs.shortages import Need, known_of, needs_of, shortages_of


@dataclass(frozen=True, slots=True)
class Cover:
    """`quantity` units of a position are to come from this supplier, at his terms."""

    position: Position
    supplier: Contact
    quantity: int
    terms: SupplierTerms


@dataclass(frozen=True, slots=True)
class ShortLine:
    position: Position
    need: Need


class RestHasChanged(BusinessError):
    code = "rest-changed"
    status = 409
    message = ngettext_lazy(
        "Only %(rest)s unit is missing by now: please look again before you hire.",
        "Only %(rest)s units are missing by now: please look again before you hire.",
        "rest",
    )
    field = "quantity"


def short_lines(*, tenant: Tenant, position_ids: Collection[int]) -> list[ShortLine]:
    """Of these positions those that lack something, by time, with their jobs; in a fixed number of statements, and one
    more where units are missing. What several jobs lose together the first of them lacks."""
    jobs = tenant.jobs.alive().filter(positions__in=position_ids)
    related = "job__tenant", "job__customer", "article", "supplier", "reservation"
    rows = tenant.positions.filter(job__in=jobs).select_related(*related)
    positions = list(rows.order_by("job__planning_start", "job", "sequence", "pk"))
    known = known_of(tenant=tenant, positions=positions, now=timezone.now())
    wanted = set(position_ids)
    needs = needs_of(positions=positions, known=known, covered=wanted)
    named = [row for row in positions if row.pk in wanted and row.article]
    return [ShortLine(row, needs[row.pk]) for row in named if needs[row.pk].shortage]


@transaction.atomic
def cover_shortages(*, job: Job, covers: Sequence[Cover]) -> list[Position]:
    """Split the needs of a job: so many units of each position come from a supplier. All, or none.

    Where nothing of a position is hired yet, it takes the supplier's terms; else its need gives the units to a new
    position beside it, at the same price for the customer. Returns the positions that are hired.
    Raises RestHasChanged where fewer are missing by now, PositionIsGone, and what add_sub_rental_position raises; each
    names the position.
    """
    job = open_job(job)
    own_stock.lock(job=job)
    # What one position takes changes the needs of no other: they are found out anew where one is covered once more.
    needs, hired, covered = shortages_of(job=job), list[Position](), set[int]()
    for cover in covers:
        needs = shortages_of(job=job) if cover.position.pk in covered else needs
        covered.add(cover.position.pk)
        with about(cover.position):
            hired.append(_cover(job, cover, needs))
    require_kept(job)
    return hired


def _cover(job: Job, cover: Cover, needs: Mapping[int, Need]) -> Position:
    require_hireable(job=job, supplier=cover.supplier, terms=cover.terms)
    position = (
        job.positions.select_related("article__tenant", "tenant", "reservation").filter(pk=cover.position.pk).first()
    )
    if position is None or position.article is None:
        raise PositionIsGone(job=job.number)
    if cover.quantity < 1:
        raise NoQuantity
    rest = needs[position.pk].shortage
    if cover.quantity > rest:
        raise RestHasChanged(rest=rest)
    position.job = job
    return _split(position, cover) if position.is_sub_rental else _hire_part(position, cover)


def _hire_part(position: Position, cover: Cover) -> Position:
    """Nothing of it is hired yet."""
    position.sub_rented_quantity, position.supplier = cover.quantity, cover.supplier
    freeze_terms(position, cover.terms)
    position.save()
    own_stock.keep(position=position)
    if position.article:
        remember_supplier(position.article, cover.supplier, cover.terms)
    return position


def _split(position: Position, cover: Cover) -> Position:
    """A part is hired already, on its own terms."""
    position.quantity -= cover.quantity
    position.save(update_fields=["quantity"])
    own_stock.keep(position=position)
    if position.article is None:
        raise PositionIsGone(job=position.job.number)
    return add_sub_rental_position(
        job=position.job,
        article=position.article,
        supplier=cover.supplier,
        quantity=cover.quantity,
        terms=cover.terms,
        unit_price=position.unit_price,
        discount_percent=position.discount_percent,
    )
