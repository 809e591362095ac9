"""Short positions and the partners whose article is linked already: ask them all, take the best (mission J6).

Every partner is asked in a thread of his own, with the deadline of partner calls for everything he is asked; who does
not answer in time is named, and what he has said by then counts.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from jobs.covering import Cover, ShortLine, cover_shortages
from jobs.models import Job, Position
from partners.client import PartnerProblem, PartnerRefused
from partners.models import ArticleLink, PartnerConnection
from partners.protocol.wire import ExactStock, Listing, YesNoStock, parse_listing
from partners.search import callers
from partners.search.asking import (
    NotPickedYet,
    PausedHere,
    add_partner_position,
    askable,
    fetch_listing,
    is_orderable,
    picked_listing,
    sources,
    supplier_terms,
)
from partners.search.merging import comparable_price, figure


class NoAnswerInTime(BusinessError):
    code = "no-answer-in-time"
    message = _("%(partner)s has not answered everything in time.")


class Fit(IntEnum):
    """How well an offer covers what is missing, best first."""

    COVERS = 0
    PERHAPS = 1  # the partner names no figure
    PARTLY = 2
    NOT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one partner has for one short position."""

    connection: PartnerConnection
    listing: Listing
    fit: Fit
    is_orderable: bool

    @property
    def key(self) -> str:
        """How a form names it."""
        return f"{self.connection.pk}/{self.listing.id}"


@dataclass(frozen=True, slots=True)
class LineOffers:
    """A short position and what partners have for it, the best first; `best` is what is proposed, if anything is."""

    line: ShortLine
    offers: list[Offer]
    best: Offer | None


@dataclass(frozen=True, slots=True)
class Offers:
    lines: list[LineOffers]
    problems: list[BusinessError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A person's decision for one position."""

    position: Position
    connection_id: UUID
    partner_article_id: str
    quantity: int


@dataclass(slots=True)
class _Asked:
    """What one partner is asked, and what he has said so far: (position id, listing)."""

    connection: PartnerConnection
    questions: list[tuple[ShortLine, str]]
    said: list[tuple[int, Listing]] = field(default_factory=list)
    problem: BusinessError | None = None


def offers_for(*, tenant: Tenant, lines: Sequence[ShortLine]) -> Offers:
    """Ask all partners who lend to us and whose article is linked; returns at the latest after the deadline."""
    asked = _questions(tenant, lines)
    deadline = settings.EWX_PARTNER_DEADLINE_SECONDS
    end = time.monotonic() + deadline
    calls = [callers.current.ask(one.connection.pk, partial(_ask, one, end)) for one in asked]
    callers.wait_for(calls, seconds=deadline)
    problems = []
    for one, call in zip(asked, calls, strict=True):
        problem = one.problem if call.is_set() else NoAnswerInTime(partner=one.connection.contact)
        problems += [problem] if problem else []
    return Offers(_with_proposals([(line, _ranked(line, asked, tenant)) for line in lines]), problems)


def _questions(tenant: Tenant, lines: Sequence[ShortLine]) -> list[_Asked]:
    asked = {one.contact_id: _Asked(one, []) for one in sources(tenant)}
    links: defaultdict[int, list[ArticleLink]] = defaultdict(list)
    articles = [line.position.article_id for line in lines]
    for link in tenant.article_links.filter(article__in=articles, contact__in=asked.keys()).order_by("pk"):
        links[link.article_id].append(link)
    for line in lines:
        for link in links[line.position.article_id or 0]:
            asked[link.contact_id].questions.append((line, link.partner_article_id))
    return [one for one in asked.values() if one.questions]


def _ask(asked: _Asked, end: float) -> None:
    """In a thread: one article after the other, as long as there is time."""
    for line, article_id in asked.questions:
        if time.monotonic() >= end:
            asked.problem = NoAnswerInTime(partner=asked.connection.contact)
            return
        job = line.position.job
        times = {"period": job.planning_period, "usage": job.usage_period}
        try:
            kept = fetch_listing(connection=asked.connection, article_id=article_id, **times)
        except PartnerRefused:
            continue  # he no longer offers this one
        except (PartnerProblem, PausedHere) as problem:
            asked.problem = problem
            return
        asked.said.append((line.position.pk, parse_listing(kept.document)))


def _ranked(line: ShortLine, asked: Sequence[_Asked], tenant: Tenant) -> list[Offer]:
    found = [
        Offer(
            connection=one.connection,
            listing=listing,
            fit=fit_of(listing, line.need.shortage),
            is_orderable=is_orderable(listing, tenant),
        )
        for one in asked
        for position_id, listing in list(one.said)
        if position_id == line.position.pk
    ]
    return sorted(found, key=partial(_rank, tenant.currency))


def _with_proposals(found: Iterable[tuple[ShortLine, list[Offer]]]) -> list[LineOffers]:
    """Proposed is what covers everything that is missing, at the lowest price. What an earlier line is to get of an
    article is not there for a later one at the same time."""
    proposed: list[tuple[str, Period, int]] = []
    lines = []
    for line, offers in found:
        period, missing = line.position.job.planning_period, line.need.shortage
        away = Counter[str]()
        for key, other, quantity in proposed:
            away[key] += quantity if other.overlaps(period) else 0
        best = next((one for one in offers if one.is_orderable and _covers(one, missing + away[one.key])), None)
        if best:
            proposed.append((best.key, period, missing))
        lines.append(LineOffers(line, offers, best))
    return lines


def _covers(offer: Offer, quantity: int) -> bool:
    return fit_of(offer.listing, quantity) is Fit.COVERS


def _rank(currency: str, offer: Offer) -> tuple[bool, Fit, tuple[int, Decimal], int, str]:
    price = comparable_price(offer.listing, currency)
    _known, units, _vague = figure(offer.listing.stock)
    return not offer.is_orderable, offer.fit, price, -units, offer.connection.contact.sort_key


def fit_of(listing: Listing, missing: int) -> Fit:
    """Whether what a partner says of his stock covers so many units. Pure."""
    known, units, _vague = figure(listing.stock)
    if not known or (isinstance(listing.stock, YesNoStock) and units):
        return Fit.PERHAPS
    if units >= missing:
        return Fit.COVERS
    if not isinstance(listing.stock, ExactStock) and units:
        return Fit.PERHAPS  # "at least" so many
    return Fit.PARTLY if units > 0 else Fit.NOT


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of choices: positions hired, by job, and what was refused there."""

    hired: Mapping[Job, list[Position]]
    refused: Mapping[Job, BusinessError]


def take_offers(*, tenant: Tenant, choices: Sequence[Choice]) -> Taken:
    """Split the needs as chosen, all of a job or none of it, each job by itself, at the terms named when last asked."""
    by_job: defaultdict[Job, list[Choice]] = defaultdict(list)
    for choice in choices:
        by_job[choice.position.job].append(choice)
    hired: dict[Job, list[Position]] = {}
    refused: dict[Job, BusinessError] = {}
    for job, chosen in by_job.items():
        try:
            hired[job] = cover_shortages(job=job, covers=[_cover(tenant, choice) for choice in chosen])
        except BusinessError as error:
            refused[job] = error
    return Taken(hired, refused)


def take_into_job(
    *, job: Job, connection: PartnerConnection, partner_article_id: str, quantity: int, covers: Position | None
) -> Position:
    """From the search: so much of the need of `covers` comes from this partner, if that is the article, else a
    position of its own. Raises what cover_shortages or add_partner_position raises."""
    named: Any = {"partner_article_id": partner_article_id, "quantity": quantity}
    if covers is None:
        return add_partner_position(job=job, connection=connection, **named)
    choice = Choice(position=covers, connection_id=connection.pk, **named)
    if not _is_linked(connection, choice):
        return add_partner_position(job=job, connection=connection, **named)
    (hired,) = cover_shortages(job=job, covers=[_cover(job.tenant, choice)])
    return hired


def _cover(tenant: Tenant, choice: Choice) -> Cover:
    connection = askable(tenant).filter(pk=choice.connection_id).first()
    if connection is None or not _is_linked(connection, choice):
        raise NotPickedYet
    listing = picked_listing(contact=connection.contact, partner_article_id=choice.partner_article_id)
    return Cover(
        position=choice.position,
        supplier=connection.contact,
        quantity=choice.quantity,
        terms=supplier_terms(listing, supplier=connection.contact),
    )


def _is_linked(connection: PartnerConnection, choice: Choice) -> bool:
    links = connection.contact.article_links.standing(choice.partner_article_id)
    return links.filter(article=choice.position.article_id).exists()
