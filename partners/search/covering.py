"""Short positions and the partners whose article is linked already: ask them all, take the best (mission J6).

Every partner is asked in a thread of his own, with the deadline of partner calls for everything he is asked; who does
not answer in time is named, and what he has said by then counts.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from jobs.covering import Cover, ShortLine, cover_shortages
from jobs.models import Job, Position
from partners.access import PeriodTooLong, is_askable
from partners.client import PartnerProblem, PartnerRefused
from partners.models import ArticleLink, PartnerConnection
from partners.protocol.wire import ExactStock, Listing, ProblemCode, YesNoStock, parse_listing
from partners.search import callers
from partners.search.asking import (
    NotPickedYet,
    PausedHere,
    add_partner_position,
    askable,
    fetch_listing,
    is_orderable,
    price_in,
    seen_terms,
    sources,
)
from partners.search.gathering import count_question
from partners.search.merging import figure
from partners.search.shown_prices import OffersHaveChanged, ShownPrice


class NoAnswerInTime(BusinessError):
    code = "no-answer-in-time"
    message = _("%(partner)s has not answered everything in time.")


class TooManyOffersAsked(BusinessError):
    code = "too-many-questions"
    status = 429
    message = ngettext_lazy(
        "Those were very many questions to the partners. Please wait %(seconds)s second.",
        "Those were very many questions to the partners. Please wait %(seconds)s seconds.",
        "seconds",
    )


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
    price: ShownPrice | None
    fit: Fit
    is_orderable: bool

    @property
    def key(self) -> str:
        """How a form names it, whatever it costs."""
        return f"{self.connection.pk}/{self.listing.id}"

    @property
    def carried(self) -> str:
        """How a form names it with the price that is seen beside it."""
        return f"{self.key}/{self.price.carried if self.price else ''}"


@dataclass(frozen=True, slots=True)
class LineOffers:
    """A short position and what partners have for it, the best first.

    `best` is what is proposed, if anything is, or was chosen before; `quantity` how many units of it.
    """

    line: ShortLine
    offers: list[Offer]
    best: Offer | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Offers:
    lines: list[LineOffers]
    problems: list[BusinessError]

    @property
    def is_any(self) -> bool:
        """Whether there is anything to choose from."""
        return any(line.offers for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A person's decision for one position; `seen` is the price it was made at (`ShownPrice.carried`)."""

    position: Position
    connection_id: UUID
    partner_article_id: str
    quantity: int
    seen: str

    @property
    def key(self) -> str:
        return f"{self.connection_id}/{self.partner_article_id}"


@dataclass(slots=True)
class _Asked:
    """What one partner is asked, and what he has said so far: (position id, listing)."""

    connection: PartnerConnection
    questions: list[tuple[ShortLine, str]]
    said: list[tuple[int, Listing]] = field(default_factory=list)
    problem: BusinessError | None = None


def offers_for(
    *, tenant: Tenant, asker: User, lines: Sequence[ShortLine], now: datetime, chosen: Sequence[Choice] | None = None
) -> Offers:
    """Ask all partners who lend to us and whose article is linked; returns at the latest after the deadline.

    Proposed is what was `chosen` before, where anything was. Raises TooManyOffersAsked.
    """
    count_question(asker=asker, now=now, refusal=TooManyOffersAsked)
    asked = _questions(tenant, lines)
    deadline = settings.EWX_PARTNER_DEADLINE_SECONDS
    end = time.monotonic() + deadline
    calls = [callers.current.ask(one.connection.pk, partial(_ask, one, end)) for one in asked]
    callers.wait_for(calls, seconds=deadline)
    problems: list[BusinessError] = [] if all(_is_askable(line) for line in lines) else [PeriodTooLong()]
    for one, call in zip(asked, calls, strict=True):
        problem = one.problem if call.is_set() else NoAnswerInTime(partner=one.connection.contact)
        problems += [problem] if problem else []
    found = [(line, _ranked(line, asked, tenant)) for line in lines]
    return Offers(_with_proposals(found) if chosen is None else _as_chosen(found, chosen), problems)


def _is_askable(line: ShortLine) -> bool:
    return is_askable(line.position.job.planning_period)


def _questions(tenant: Tenant, lines: Sequence[ShortLine]) -> list[_Asked]:
    asked = {one.contact_id: _Asked(one, []) for one in sources(tenant)}
    links: defaultdict[int, list[ArticleLink]] = defaultdict(list)
    articles = [line.position.article_id for line in lines]
    for link in tenant.article_links.filter(article__in=articles, contact__in=asked.keys()).order_by("pk"):
        links[link.article_id].append(link)
    for line in filter(_is_askable, lines):
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
        except PartnerRefused as refused:
            if refused.problem.code != ProblemCode.NOT_FOUND:
                asked.problem = refused
            continue  # else he no longer offers this one
        except (PartnerProblem, PausedHere) as problem:
            asked.problem = problem
            return
        asked.said.append((line.position.pk, parse_listing(kept.document)))


def _ranked(line: ShortLine, asked: Sequence[_Asked], tenant: Tenant) -> list[Offer]:
    found = [
        Offer(
            connection=one.connection,
            listing=listing,
            price=price,
            fit=fit_of(listing, line.need.shortage),
            is_orderable=price is not None and is_orderable(listing, tenant),
        )
        for one in asked
        for position_id, listing in list(one.said)
        if position_id == line.position.pk
        for price in [price_in(line.position.job, listing, supplier=one.connection.contact)]
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
        lines.append(LineOffers(line, offers, best, missing))
    return lines


def _as_chosen(found: Iterable[tuple[ShortLine, list[Offer]]], chosen: Sequence[Choice]) -> list[LineOffers]:
    choices = {choice.position.pk: choice for choice in chosen}
    lines = []
    for line, offers in found:
        choice = choices.get(line.position.pk)
        best = next((one for one in offers if choice and one.key == choice.key), None)
        lines.append(LineOffers(line, offers, best, choice.quantity if choice else line.need.shortage))
    return lines


def _covers(offer: Offer, quantity: int) -> bool:
    return fit_of(offer.listing, quantity) is Fit.COVERS


def _rank(currency: str, offer: Offer) -> tuple[bool, Fit, tuple[int, Decimal], int, str]:
    price = (0, offer.price.for_job) if offer.price and offer.price.currency == currency else (1, Decimal(0))
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
    """Split the needs as chosen, all of a job or none of it, each job by itself.

    Where one of the offers is no longer what was seen, nothing of any job is taken: raises OffersHaveChanged.
    """
    hired: dict[Job, list[Position]] = {}
    refused: dict[Job, BusinessError] = {}
    for job, covers in _as_seen(tenant, choices).items():
        try:
            hired[job] = cover_shortages(job=job, covers=covers)
        except BusinessError as error:
            refused[job] = error
    return Taken(hired, refused)


def take_into_job(
    *,
    job: Job,
    connection: PartnerConnection,
    partner_article_id: str,
    quantity: int,
    seen: str,
    covers: Position | None,
) -> Position:
    """From the search: so much of the need of `covers` comes from this partner, if that is the article, else a
    position of its own, at the price that was `seen`. Raises OffersHaveChanged, and what cover_shortages or
    add_partner_position raises."""
    named: Any = {"partner_article_id": partner_article_id, "quantity": quantity, "seen": seen}
    if covers is None:
        return add_partner_position(job=job, connection=connection, **named)
    choice = Choice(position=covers, connection_id=connection.pk, **named)
    if not _is_linked(connection, choice):
        return add_partner_position(job=job, connection=connection, **named)
    (hired,) = cover_shortages(job=job, covers=_as_seen(job.tenant, [choice])[job])
    return hired


def _as_seen(tenant: Tenant, choices: Sequence[Choice]) -> Mapping[Job, list[Cover]]:
    """What was chosen, by job, at the terms that were seen and no others. Raises OffersHaveChanged, which names the
    position and the job of each problem: one article may be short in several jobs."""
    by_job: defaultdict[Job, list[Cover]] = defaultdict(list)
    problems = list[str]()
    for choice in choices:
        position = choice.position
        try:
            by_job[position.job].append(_cover(tenant, choice))
        except BusinessError as problem:
            problems.append(f"{position.description} ({position.job.number}): {problem}")
    if problems:
        raise OffersHaveChanged(problems)
    return by_job


def _cover(tenant: Tenant, choice: Choice) -> Cover:
    connection = askable(tenant).filter(pk=choice.connection_id).first()
    if connection is None or not _is_linked(connection, choice):
        raise NotPickedYet
    terms = seen_terms(
        job=choice.position.job,
        supplier=connection.contact,
        partner_article_id=choice.partner_article_id,
        seen=choice.seen,
    )
    return Cover(
        position=choice.position,
        supplier=connection.contact,
        quantity=choice.quantity,
        terms=terms,
    )


def _is_linked(connection: PartnerConnection, choice: Choice) -> bool:
    links = connection.contact.article_links.standing(choice.partner_article_id)
    return links.filter(article=choice.position.article_id).exists()
