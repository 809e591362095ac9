"""Material of a partner in our job: asked live, only there, and taken into the job at his terms (mission J1, J5)."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypedDict, TypeVar, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from eventworx import limits
from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.money import discounted, rounded
from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from jobs.currency import AmountTooHigh
from jobs.models import Job, Position
from jobs.positions import SupplierTerms, add_sub_rental_position
from partners import client
from partners.client import PartnerRefused, PartnerUnreachable, Reason
from partners.connections import note_unreadable
from partners.models import ConnectionQuerySet, PartnerConnection, PartnerListing
from partners.protocol.wire import (
    FieldErrors,
    Json,
    Kind,
    Listing,
    ProblemCode,
    instant_text,
    parse_listing,
    read_listing_page,
)
from partners.search.shown_prices import OffersHaveChanged, PriceHasChanged, ShownPrice, require_seen

PAGE = 50
PER_MINUTE = 120  # questions of one person to single partners; one answers all of us 240 searches (security.md §4)
Document = TypeVar("Document")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """What the partner offers; `as_of` is when he answered, `next` the cursor of the next page or ''.

    `document` is all of that as it came, with the listings that could not be read: so many as `unreadable` says.
    """

    listings: tuple[Listing, ...]
    as_of: datetime
    next: str = ""
    document: Json = None
    unreadable: int = 0


class AtPartner(TypedDict):
    """The arguments of `search_partner`."""

    connection: PartnerConnection
    query: str
    period: Period
    usage: Period
    cursor: str


class TooManySearches(BusinessError):
    code = "too-many-searches"
    status = 429
    message = ngettext_lazy(
        "Those were very many questions to single partners. Please wait %(seconds)s second.",
        "Those were very many questions to single partners. Please wait %(seconds)s seconds.",
        "seconds",
    )


class NoPrice(BusinessError):
    code = "no-price"
    message = _("%(supplier)s names no price for “%(name)s”: please ask for one before you order.")


class NotPickedYet(BusinessError):
    code = "not-picked"
    status = 409
    message = _("Please pick the article in the search again.")


class OfferIsGone(BusinessError):
    code = "offer-gone"
    status = 409
    message = _("%(supplier)s no longer offers “%(name)s”.")


class PausedHere(BusinessError):
    code = "paused-here"
    status = 409
    message = _("The connection with %(supplier)s is paused here. An admin of yours can switch it on again.")


def sources(tenant: Tenant) -> ConnectionQuerySet:
    """Partners to choose from: connected suppliers that offer us something."""
    return tenant.partner_connections.lending_to_us().select_related("contact", "tenant").by_name()


def askable(tenant: Tenant) -> ConnectionQuerySet:
    """Partners who can be asked, also where a page from before a pause or a lower level names them: they say no."""
    return tenant.partner_connections.suppliers().select_related("contact", "tenant").by_name()


def search_for_person(*, asker: User, now: datetime, **question: Unpack[AtPartner]) -> SearchAnswer:
    """`search_partner` for somebody who types: nobody uses up what a partner answers all of us. Raises
    TooManySearches."""
    count_question(asker=asker, now=now)
    return search_partner(**question)


def pick_listing(
    *, asker: User, now: datetime, connection: PartnerConnection, article_id: str, period: Period, usage: Period
) -> PartnerListing:
    """`fetch_listing` for somebody who picks it, counted with his searches. Raises TooManySearches."""
    count_question(asker=asker, now=now)
    return fetch_listing(connection=connection, article_id=article_id, period=period, usage=usage)


def count_question(*, asker: User, now: datetime) -> None:
    """Count what a person asks a single partner. Raises TooManySearches."""
    count_of_person("asking", asker=asker, most=PER_MINUTE, now=now, refusal=TooManySearches)


def count_of_person(name: str, *, asker: User, most: int, now: datetime, refusal: type[BusinessError]) -> None:
    """Count what a person asks partners; raises `refusal` for one too many within a minute."""
    verdict = limits.hit(name, str(asker.pk), limit=most, per=60, now=now)
    if not verdict.is_allowed:
        raise refusal(seconds=verdict.retry_after)


def search_partner(
    *, connection: PartnerConnection, query: str, period: Period, usage: Period, cursor: str = ""
) -> SearchAnswer:
    """What the partner released to us that matches `query`, with what is free in `period` and the net for `usage`.

    What cannot be read of it is left out and counted, for the user and for our admin. Raises PausedHere, or
    PartnerProblem with a sentence for the user; never waits longer than the deadline of partner calls.
    """
    refuse_own_pause(connection)
    asked = {"q": query, "limit": PAGE, "cursor": cursor} | _periods(connection.tenant, period, usage)
    asked = {name: value for name, value in asked.items() if value}
    answer = client.call(connection=connection, method="GET", path="/articles", query=asked)
    found = taken(connection, partial(read_answer, received_at=answer.received_at), answer.document)
    if found.unreadable:
        note_unreadable(connection=connection, listings=found.unreadable, now=answer.received_at)
    return found


def read_answer(document: Json, *, received_at: datetime) -> SearchAnswer:
    """A page of listings as it came, read; raises FieldErrors where it is none, or has nothing that can be read."""
    page, unreadable = read_listing_page(document)
    return SearchAnswer(
        listings=page.items,
        as_of=page.as_of or received_at,
        next=page.next,
        document=document,
        unreadable=unreadable,
    )


def fetch_listing(*, connection: PartnerConnection, article_id: str, period: Period, usage: Period) -> PartnerListing:
    """The partner's article as he describes it now, kept for the steps that follow; that he has none is kept as well.

    Raises PausedHere, PartnerProblem.
    """
    refuse_own_pause(connection)
    path, asked = f"/articles/{article_id}", _periods(connection.tenant, period, usage)
    try:
        answer = client.call(connection=connection, method="GET", path=path, query=asked)
    except PartnerRefused as refused:
        if refused.reason == ProblemCode.NOT_FOUND:
            kept_before = connection.contact.partner_listings.filter(partner_article_id=article_id)
            kept_before.update(gone_at=timezone.now())
        raise
    listing = taken(connection, parse_listing, answer.document)
    if listing.id != article_id:
        raise PartnerUnreachable(Reason.RUBBISH, partner=str(connection))
    known = {"document": answer.document, "fetched_at": answer.received_at, "gone_at": None}
    kept, _created = connection.tenant.partner_listings.update_or_create(
        contact=connection.contact,
        partner_article_id=article_id,
        defaults=known,
        create_defaults=known | {"tenant": connection.tenant},
    )
    return kept


def refuse_own_pause(connection: PartnerConnection) -> None:
    """Raise PausedHere where we have paused the connection ourselves."""
    if connection.paused_at:
        raise PausedHere(supplier=connection.contact)


def picked_listing(*, contact: Contact, partner_article_id: str) -> Listing:
    """What the partner said of the article when he was asked for it last. Raises NotPickedYet, OfferIsGone."""
    kept = contact.partner_listings.filter(partner_article_id=partner_article_id).first()
    if kept is None:
        raise NotPickedYet
    return _described(kept, contact)


def _described(kept: PartnerListing, contact: Contact) -> Listing:
    listing = parse_listing(kept.document)
    if kept.gone_at:
        raise OfferIsGone(supplier=contact, name=listing.name)
    return listing


def changed_since(*, job: Job) -> Mapping[int, list[str]]:
    """By the supplier's id, in sentences: of what the job hires and has not ordered, what he says otherwise by now, as
    far as one of us has asked him. Asks nobody; in a fixed number of statements."""
    rows = list(job.positions.not_ordered().hired().select_related("supplier", "tenant").in_order())
    named = {
        "contact__in": {row.supplier_id for row in rows},
        "partner_article_id__in": {row.supplier_article_id for row in rows},
    }
    known = job.tenant.partner_listings.filter(**named) if rows else ()
    listings = {(kept.contact_id, kept.partner_article_id): kept for kept in known}
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in rows:
        kept = listings.get((row.supplier_id or 0, row.supplier_article_id))
        if kept and row.supplier:
            try:
                _require_same(job, row, _described(kept, row.supplier), row.supplier)
            except BusinessError as change:
                found[row.supplier.pk].append(str(change))
    return found


def _require_same(job: Job, position: Position, listing: Listing, supplier: Contact) -> None:
    terms, before = supplier_terms(listing, supplier=supplier), ShownPrice.in_position(position)
    if ShownPrice.of(terms, job) != before:
        require_seen(seen=before.carried, terms=terms, job=job, name=listing.name, supplier=supplier)


def seen_terms(*, job: Job, supplier: Contact, partner_article_id: str, seen: str) -> SupplierTerms:
    """What the partner asks for his article, where that is what somebody saw (`ShownPrice.carried`).

    Raises NotPickedYet, OfferIsGone, NoPrice, PriceHasChanged.
    """
    listing = picked_listing(contact=supplier, partner_article_id=partner_article_id)
    terms = supplier_terms(listing, supplier=supplier)
    require_seen(seen=seen, terms=terms, job=job, name=listing.name, supplier=supplier)
    return terms


@transaction.atomic
def add_partner_position(
    *, job: Job, connection: PartnerConnection, partner_article_id: str, quantity: int, seen: str
) -> Position:
    """A Bestellposition for the linked article of ours, at the price that was `seen` (`ShownPrice.carried`).

    Raises OffersHaveChanged where it is another by now, NotPickedYet, OfferIsGone, NoPrice and what
    add_sub_rental_position raises (NoQuantity, ForeignCurrency …).
    """
    link = connection.contact.article_links.standing(partner_article_id).select_related("article__tenant").first()
    if link is None:
        raise NotPickedYet
    try:
        terms = seen_terms(job=job, supplier=connection.contact, partner_article_id=partner_article_id, seen=seen)
    except PriceHasChanged as changed:
        raise OffersHaveChanged([changed]) from changed
    return add_sub_rental_position(
        job=job,
        article=link.article,
        supplier=connection.contact,
        quantity=quantity,
        terms=terms,
    )


def price_in(job: Job, listing: Listing, *, supplier: Contact) -> ShownPrice | None:
    """What a unit costs in this job, for a page to show and its form to carry; None where there is no price to take."""
    try:
        return ShownPrice.of(supplier_terms(listing, supplier=supplier), job)
    except (NoPrice, AmountTooHigh):
        return None


def supplier_terms(listing: Listing, *, supplier: Contact) -> SupplierTerms:
    """The listing's price as a position freezes it: list price less discount, where that is the net that is named and
    shown, else this net; for sales no day factors."""
    price = listing.price
    if price is None or (price.list is None and price.net is None):
        raise NoPrice(supplier=supplier, name=listing.name)
    reckoned = discounted(price.list, price.discount_percent or Decimal(0)) if price.list is not None else None
    is_list = reckoned is not None and price.net in {None, reckoned, rounded(reckoned, price.currency)}
    unit_cost = price.list if is_list else price.net
    return SupplierTerms(
        article_id=listing.id,
        number=listing.number,
        unit_cost=unit_cost or Decimal(0),
        discount_percent=(price.discount_percent or Decimal(0)) if is_list else Decimal(0),
        factors=() if listing.kind == Kind.SALE else price.steps,
        extra_day_factor=Decimal(0) if listing.kind == Kind.SALE else price.extra_day_factor or Decimal(0),
        currency=price.currency,
    )


def is_orderable(listing: Listing, tenant: Tenant) -> bool:
    """Whether we could order it: it has a price, in our own currency (mission R6)."""
    return listing.price is not None and listing.price.currency == tenant.currency


def _periods(tenant: Tenant, period: Period, usage: Period) -> dict[str, Any]:
    return {
        "start": instant_text(period.start),
        "end": instant_text(period.end),
        "use_start": instant_text(usage.start),
        "use_end": instant_text(usage.end),
        "zone": tenant.time_zone,
    }


def taken(connection: PartnerConnection, parse: Callable[[Json], Document], document: Json) -> Document:
    """The parsed answer; what is not in the form agreed upon is no answer at all."""
    try:
        return parse(document)
    except FieldErrors as error:
        raise PartnerUnreachable(Reason.RUBBISH, partner=str(connection)) from error
