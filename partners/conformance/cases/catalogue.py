"""What a buyer sees of the supplier's articles from level 1 on (protocol §4 "Reading", "Listing")."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from partners.conformance.answers import Answer, Broken, NotApplicable
from partners.conformance.checks import case
from partners.conformance.peer import Peer
from partners.protocol.money import billable_days, line_net, rental_factor
from partners.protocol.wire import (
    Listing,
    ListingPage,
    Price,
    ProblemCode,
    ZonedPeriod,
    instant_text,
    parse_category_list,
    parse_listing,
    parse_listing_page,
)

ZONE = "Europe/Berlin"
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
MANY = 200  # pages; more means that the cursor leads round in circles


def page_of(answer: Answer) -> ListingPage:
    return parse_listing_page(answer.signed(200).document)


def in_summer() -> tuple[datetime, datetime]:
    """A period of three days, some months ahead."""
    start = (datetime.now(UTC) + timedelta(days=200)).replace(hour=6, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=2, hours=12)


@case("articles.page", "GET /articles is a page of listings: items, next, as_of", "§4")
def page(peer: Peer) -> None:
    answer = peer.get("/articles").signed(200)
    if not {"items", "next", "as_of"} <= answer.object.keys() or page_of(answer).as_of is None:
        raise Broken(f"{answer}: items, next or as_of is missing")
    if not page_of(answer).items:
        raise NotApplicable("at least one article has to be released to the kit")


@case("articles.priced", "A listing has a price per day whose net is the list price less the discount", "§4")
def priced(peer: Peer) -> None:
    for listing in peer.listings():
        price = _price(listing)
        if price.net != _net(price, Decimal(1)):
            raise Broken(f"{listing.number}: net {price.net} instead of {_net(price, Decimal(1))}")


@case("articles.stock", "At level 2 every listing says what is in stock; without a period what is free now", "§4")
def stock(peer: Peer) -> None:
    start, end = in_summer()
    asked = page_of(peer.get("/articles", start=instant_text(start), end=instant_text(end), limit=100))
    for listing in (*peer.listings(), *asked.items):
        if listing.stock is None:
            raise Broken(f"{listing.number} without stock")


@case("articles.one", "GET /articles/{id} is the listing", "§4")
def one(peer: Peer) -> None:
    listing = peer.listings()[0]
    read = parse_listing(peer.get(f"/articles/{listing.id}").signed(200).document)
    if (read.id, read.number, read.name) != (listing.id, listing.number, listing.name):
        raise Broken(f"{peer.seen}: another article")


@case("articles.unknown", "An unknown article is 404", "§4")
def unknown(peer: Peer) -> None:
    for name in ("never-released", "0", "9" * 64):
        peer.get(f"/articles/{name}").problem(ProblemCode.NOT_FOUND, 404)


@case("articles.not-released", "An article that is not released is 404 like an unknown one, and in no list", "§4, §5")
def not_released(peer: Peer) -> None:
    hidden = peer.options.unreleased
    if not hidden:
        raise NotApplicable("--unreleased names no article that exists and is not released")
    peer.get(f"/articles/{hidden}").problem(ProblemCode.NOT_FOUND, 404)
    if hidden in {listing.id for listing in _all(peer, limit=100)}:
        raise Broken("it stands in the list")


@case("articles.net-for-period", "use_start and use_end drive net_for_period: net x factor of the days touched", "§4")
def net_for_period(peer: Peer) -> None:
    start, end = in_summer()
    asked = {"use_start": instant_text(start), "use_end": instant_text(end), "zone": ZONE}
    for listing in page_of(peer.get("/articles", **asked)).items:
        price = _price(listing)
        expected = _net(price, _factor(listing, price, start, end))
        if price.net_for_period != expected:
            raise Broken(f"{listing.number}: net_for_period {price.net_for_period} instead of {expected}")


@case("search.words", "All words in any order, case folded, find an article by its name", "§4")
def words(peer: Peer) -> None:
    for listing in peer.listings()[:3]:
        backwards = " ".join(reversed(listing.name.split())).swapcase()
        _check_found(peer, backwards, listing)


@case("search.number", "An article is found by its number", "§4")
def number(peer: Peer) -> None:
    listing = peer.listings()[0]
    _check_found(peer, listing.number, listing)


@case("search.umlauts", "The spellings of umlauts find each other", "§4")
def umlauts(peer: Peer) -> None:
    spelt = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
    found = [listing for listing in peer.listings() if listing.name.translate(spelt) != listing.name]
    if not found:
        raise NotApplicable("no released article has an umlaut in its name")
    _check_found(peer, found[0].name.translate(spelt), found[0])


@case("search.nothing", "Words that nothing has find nothing", "§4")
def nothing(peer: Peer) -> None:
    found = page_of(peer.get("/articles", q="qqxzzyq wvvxq"))
    if found.items or found.next:
        raise Broken(f"{peer.seen}: {len(found.items)} articles")


@case("search.category", "A category finds what stands in it and below it, and nothing else", "§4")
def category(peer: Peer) -> None:
    listed = [(listing.id, listing.category.id) for listing in _all(peer, limit=100) if listing.category]
    if not listed:
        raise NotApplicable("no released article has a category")
    for wanted in sorted({name for _, name in listed})[:3]:
        below = _below(peer, wanted)
        found = {listing.id for listing in _all(peer, category=wanted, limit=100)}
        if found != {article for article, name in listed if name in below}:
            raise Broken(f"category {wanted} finds other articles than those whose category lies in it")


@case("categories.list", "GET /categories names every category of a listing, and the parent of each", "§4")
def categories(peer: Peer) -> None:
    found = parse_category_list(peer.get("/categories").signed(200).document).items
    ids = {category.id for category in found}
    if lost := {category.parent for category in found if category.parent} - ids:
        raise Broken(f"{peer.seen}: parents that are not in the list: {', '.join(sorted(lost))}")
    if lost := {listing.category.id for listing in peer.listings() if listing.category} - ids:
        raise Broken(f"{peer.seen}: categories of listings that are not in the list: {', '.join(sorted(lost))}")


@case("picture.image", "A picture is jpeg, png or webp, signed like every answer", "§4")
def picture(peer: Peer) -> None:
    shown = [listing for listing in peer.listings() if listing.has_picture]
    if not shown:
        raise NotApplicable("no released article has a picture")
    answer = peer.offered("pictures", peer.get(f"/articles/{shown[0].id}/picture")).signed(200)
    if answer.header("Content-Type") not in PICTURES or not answer.raw.body:
        raise Broken(f"{answer}: {answer.header('Content-Type')}")


@case("picture.none", "An article without picture, or unknown, is 404", "§4")
def no_picture(peer: Peer) -> None:
    bare = [listing.id for listing in peer.listings() if not listing.has_picture][:1]
    for name in (*bare, "never-released"):
        peer.get(f"/articles/{name}/picture").problem(ProblemCode.NOT_FOUND, 404)


def _below(peer: Peer, category: str) -> set[str]:
    """A category and its descendants."""
    rows = parse_category_list(peer.get("/categories").signed(200).document).items
    found: set[str] = set()
    more = {category}
    while more:
        found |= more
        more = {row.id for row in rows if row.parent in found} - found
    return found


def _check_found(peer: Peer, words: str, listing: Listing) -> None:
    if listing.id not in {found.id for found in _all(peer, q=words, limit=100)}:
        raise Broken(f"{words!r} does not find {listing.name!r}")


def _price(listing: Listing) -> Price:
    if listing.price is None or listing.price.list is None:
        raise NotApplicable(f"{listing.number} has no price")
    return listing.price


def _net(price: Price, factor: Decimal) -> Decimal:
    """One unit for so many days, less the discount."""
    return line_net(
        quantity=1,
        unit_price=price.list or Decimal(0),
        factor=factor,
        discount_percent=price.discount_percent or Decimal(0),
        currency=price.currency,
    )


def _factor(listing: Listing, price: Price, start: datetime, end: datetime) -> Decimal:
    days = billable_days(ZonedPeriod(start, end, ZONE).period, ZONE)
    extra = price.extra_day_factor or Decimal(0)
    return rental_factor(kind=listing.kind, days=days, steps=price.steps, extra_day_factor=extra)


def _all(peer: Peer, **query: str | int) -> list[Listing]:
    """Every listing that the question finds, page by page."""
    found: list[Listing] = []
    for _page in range(MANY):
        page = page_of(peer.get("/articles", **query))
        found += page.items
        if not page.next:
            return found
        query = query | {"cursor": page.next}
    raise Broken(f"more than {MANY} pages")
