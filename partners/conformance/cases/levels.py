"""What each level of the connection allows: 0 nothing, 1 articles and requests, 2 also stock, 3 also automatic
confirmation (protocol §4 "Levels")."""

from partners.conformance.answers import Broken, NotApplicable
from partners.conformance.cases.availability import ask, line
from partners.conformance.cases.catalogue import in_summer, page_of
from partners.conformance.checks import Group, case
from partners.conformance.ordering import Document, command, document_of, new_order, placed
from partners.conformance.ordering import line as order_line
from partners.conformance.peer import Peer
from partners.protocol.wire import ExactStock, Intent, Outcome, ProblemCode, instant_text, parse_availability

HUGE = 999_999


def _enter_documents() -> None:
    """Whatever the level is, the connection document says it."""
    for level, group in ((0, Group.LEVEL_0), (1, Group.LEVEL_1), (2, Group.CONNECTED), (3, Group.LEVEL_3)):

        def check(peer: Peer, level: int = level) -> None:
            said = peer.document().level_granted_to_you
            if said != level:
                raise Broken(f"{peer.seen}: level_granted_to_you is {said}")

        case(f"level-{level}.document", f"The connection document grants level {level}", "§4", group)(check)


_enter_documents()


@case("level-0.catalogue", "Below level 1 articles, categories and pictures are 403 level", "§4", Group.LEVEL_0)
def catalogue(peer: Peer) -> None:
    for path in ("/articles", "/articles/1", "/categories"):
        peer.get(path).problem(ProblemCode.LEVEL, 403)


@case("level-0.availability", "Below level 2 availability is 403 level", "§4", Group.LEVEL_0)
def availability_at_0(peer: Peer) -> None:
    ask(peer, line("a")).problem(ProblemCode.LEVEL, 403)


@case("level-0.orders", "Below level 1 a new order is 403 level", "§4", Group.LEVEL_0)
def orders(peer: Peer) -> None:
    peer.post("/orders", new_order(peer, article="a", currency="EUR")).problem(ProblemCode.LEVEL, 403)


@case("level-0.before-json", "The level comes before the JSON", "§3", Group.LEVEL_0)
def before_json(peer: Peer) -> None:
    peer.post("/orders", body=b"{").problem(ProblemCode.LEVEL, 403)


@case("level-0.running-orders", "Orders can be read at every level", "§4", Group.LEVEL_0)
def running_orders(peer: Peer) -> None:
    peer.get("/orders").signed(200)


@case("level-1.no-stock", "At level 1 every stock is null, with and without a period", "§4", Group.LEVEL_1)
def no_stock(peer: Peer) -> None:
    start, end = map(instant_text, in_summer())
    found = [*page_of(peer.get("/articles")).items, *page_of(peer.get("/articles", start=start, end=end)).items]
    if not found:
        raise NotApplicable("at least one article has to be released to the kit")
    if any(listing.stock is not None for listing in found):
        raise Broken(f"{peer.seen}: a listing with stock")


@case("level-1.availability", "At level 1 availability is 403 level", "§4", Group.LEVEL_1)
def availability_at_1(peer: Peer) -> None:
    ask(peer, line(peer.listings()[0].id)).problem(ProblemCode.LEVEL, 403)


@case("level-1.orders", "At level 1 an order is taken, and can be withdrawn", "§4", Group.LEVEL_1)
def ordering(peer: Peer) -> None:
    command(peer, placed(peer, intent=Intent.ORDER), "withdraw").signed(200)


@case("level-2.no-automatic", "Below level 3 nothing is confirmed by itself", "§4")
def no_automatic(peer: Peer) -> None:
    order = placed(peer, intent=Intent.ORDER)
    if order.state != "requested":
        raise Broken(f"{peer.seen}: {order.state}")


@case("level-3.confirmed", "At level 3 an order whose every line is free is confirmed at once", "§4", Group.LEVEL_3)
def confirmed(peer: Peer) -> None:
    order = placed(peer, intent=Intent.ORDER)
    if order.state != "confirmed":
        raise Broken(f"{peer.seen}: {order.state}")


@case(
    "level-3.answers",
    "Each line of an order confirmed at once is answered `confirmed` in full",
    "§4, §7",
    Group.LEVEL_3,
)
def answers(peer: Peer) -> None:
    order = placed(peer, intent=Intent.ORDER)
    for found in order.lines:
        said = found.answer
        if said is None or (said.outcome, said.quantity) != (Outcome.CONFIRMED, found.quantity):
            raise Broken(f"{peer.seen}: a line is answered {said}")
    read = document_of(peer.get(f"/orders/{order.id}").signed(200))
    if (read.state, read.version) != (order.state, order.version):
        raise Broken(f"{peer.seen}: {read.state}, version {read.version}, and the 201 said version {order.version}")


@case(
    "level-3.reserved",
    "What was confirmed at once is not free any more, and is taken once however often the order comes",
    "§4, §6",
    Group.LEVEL_3,
)
def reserved(peer: Peer) -> None:
    asked = new_order(peer, intent=Intent.ORDER)
    before = _free(peer, asked)
    peer.post("/orders", asked).signed(201)
    peer.post("/orders", asked).signed(200)
    if _free(peer, asked) != before - 1:
        raise Broken(f"{peer.seen}: {before} were free before and {_free(peer, asked)} are now")


@case("level-3.whole", "An order that stays requested reserves nothing, not even its free lines", "§4", Group.LEVEL_3)
def whole(peer: Peer) -> None:
    free, short = (listing.id for listing in peer.listings(least=2)[:2])
    asked = new_order(peer, intent=Intent.ORDER, article=free)
    asked["lines"] = [order_line(free), order_line(short, HUGE)]
    before = _free(peer, asked, free)
    peer.post("/orders", asked).signed(201)
    if _free(peer, asked, free) != before:
        raise Broken(f"{peer.seen}: {before} were free before and {_free(peer, asked, free)} are now")


@case("level-3.sum", "Lines of one article count together: each is free, both are not", "§4", Group.LEVEL_3)
def in_sum(peer: Peer) -> None:
    article = peer.listings()[0].id
    asked = new_order(peer, intent=Intent.ORDER, article=article)
    most = _free(peer, asked, article)
    if most < 1:
        raise NotApplicable("nothing is free any more of the first article")
    asked["lines"] = [order_line(article, most), order_line(article)]
    order = document_of(peer.post("/orders", asked).signed(201))
    if order.state != "requested":
        raise Broken(f"{peer.seen}: {order.state}, though {most} are free and {most + 1} were asked for")


@case("level-3.short", "At level 3 an order with one line that is not free stays requested", "§4", Group.LEVEL_3)
def short(peer: Peer) -> None:
    article = peer.listings()[0].id
    asked = new_order(peer, intent=Intent.ORDER)
    asked["lines"] = [order_line(article), order_line(article, HUGE)]
    order = document_of(peer.post("/orders", asked).signed(201))
    if order.state != "requested":
        raise Broken(f"{peer.seen}: {order.state}")


@case("level-3.inquiry", "At level 3 an inquiry stays requested", "§4", Group.LEVEL_3)
def inquiry(peer: Peer) -> None:
    order = placed(peer, intent=Intent.INQUIRY)
    if order.state != "requested":
        raise Broken(f"{peer.seen}: {order.state}")


@case("level-3.option", "At level 3 an option stays requested", "§4", Group.LEVEL_3)
def option(peer: Peer) -> None:
    order = placed(peer, intent=Intent.OPTION)
    if order.state != "requested":
        raise Broken(f"{peer.seen}: {order.state}")


def _free(peer: Peer, order: Document, article: str = "") -> int:
    """How many units of an article (the first one) are free in the order's period, where the server says figures."""
    asked = ask(peer, line(article or peer.listings()[0].id), period=order["planning_period"])
    stock = parse_availability(asked.signed(200).document).lines[0].stock
    if not isinstance(stock, ExactStock):
        raise NotApplicable("the kit is not told exact figures")
    return stock.free
