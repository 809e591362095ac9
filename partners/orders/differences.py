"""Where a supplier's document says other than we ordered, in sentences for our people (mission O5). Writes nothing.

What we ordered is what we wrote down when we did, whatever his document says of it. Another currency or other lines are
no difference to be told: such a document is refused (protocol §4).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from eventworx.periods import Period
from eventworx.web.templatetags.ewx import money, period
from jobs.models import SubRentalOrder, SubRentalOrderLine
from jobs.states import OrderState
from partners.protocol.wire import OrderDocument, OrderLine, Outcome

MOST_NAMED = 5  # lines, of each kind of difference
Pairs = Sequence[tuple[SubRentalOrderLine, OrderLine]]  # as we ordered it, as he says it


def other_total(ordered: SubRentalOrder, document: OrderDocument) -> str:
    """That the supplier asks another total than we expect, or other prices of single lines, and which lines these are;
    else nothing."""
    if document.state not in {OrderState.REQUESTED, OrderState.CONFIRMED}:
        return ""
    lines = list(_other_prices(_pairs(ordered, document), document.currency))
    if document.net not in {None, ordered.net}:
        said = _("%(supplier)s calculates %(theirs)s, not %(ours)s as we do: please compare the prices.")
    elif lines:
        said = _("%(supplier)s calculates single lines otherwise than we do: please compare the prices.")
    else:
        return ""
    amounts = {"theirs": money(document.net, ordered.currency), "ours": money(ordered.net, ordered.currency)}
    return " ".join([said % {"supplier": ordered.supplier, **amounts}, *lines[:MOST_NAMED]])


def other_terms(ordered: SubRentalOrder, document: OrderDocument) -> list[str]:
    """That a supplier calls confirmed what are other quantities, articles or periods than we ordered, and of which
    lines: a text for each of the three; else nothing."""
    if document.state != OrderState.CONFIRMED:
        return []
    pairs = _pairs(ordered, document)
    found = {
        _("%(supplier)s has confirmed other quantities than we ordered: please ask there."): _other_quantities(pairs),
        _("%(supplier)s has confirmed other articles than we ordered: please ask there."): _other_articles(pairs),
        _("%(supplier)s has confirmed another period than we ordered: please ask there."): _other_periods(
            ordered, document, pairs
        ),
    }
    told = {said % {"supplier": ordered.supplier}: list(lines)[:MOST_NAMED] for said, lines in found.items()}
    return [" ".join([said, *lines]) for said, lines in told.items() if lines]


def _pairs(ordered: SubRentalOrder, document: OrderDocument) -> Pairs:
    ours = {line.wire_id: line for line in ordered.lines.all()}
    return [(ours[line.id], line) for line in document.lines if line.id in ours]


def _instead(what: str, theirs: object, ours: object) -> str:
    return _("%(article)s: %(theirs)s instead of %(ours)s.") % {"article": what, "theirs": theirs, "ours": ours}


def _other_prices(pairs: Pairs, currency: str) -> Iterator[str]:
    for ours, line in pairs:
        net = _net_of(line)
        if net is not None and net != ours.net:
            yield _instead(line.name, money(net, currency), money(ours.net, currency))


def _other_quantities(pairs: Pairs) -> Iterator[str]:
    for ours, line in pairs:
        if _quantity_of(line) != ours.quantity:
            yield _instead(line.name, _quantity_of(line), ours.quantity)


def _other_articles(pairs: Pairs) -> Iterator[str]:
    """A substitute is named by its id alone; what became of the line itself has number and name."""
    for ours, line in pairs:
        substitute = line.answer.article if line.answer else ""
        if (substitute or line.article) == ours.supplier_article_id:
            continue
        named = f"{line.number} {line.name}" if line.article == (substitute or line.article) else ""
        theirs = named or _("another article (%(id)s)") % {"id": substitute}
        yield _instead(ours.name, theirs, f"{ours.supplier_number} {ours.name}")


def _other_periods(ordered: SubRentalOrder, document: OrderDocument, pairs: Pairs) -> Iterator[str]:
    """Of the whole, and of lines that name their own; it stands for the planning period of the line."""
    planning = Period(ordered.planning_start, ordered.planning_end)
    usage = Period(ordered.usage_start, ordered.usage_end)
    said = [
        (_("Planning period"), document.planning_period, planning),
        (_("Usage period"), document.usage_period, usage),
    ]
    said += [(line.name, line.answer.period, planning) for _ours, line in pairs if line.answer and line.answer.period]
    for what, theirs, ours in said:
        if theirs.period != ours:
            yield _instead(what, period(theirs.period, ordered.tenant), period(ours, ordered.tenant))


def _quantity_of(line: OrderLine) -> int:
    """How many units the supplier promises: by his answer, else by the line itself."""
    answered = line.answer.quantity if line.answer else None
    return line.quantity if answered is None else answered


def _net_of(line: OrderLine) -> Decimal | None:
    """What a line costs by the supplier's answer to it, else by the line itself."""
    answered = line.answer.net if line.answer and line.answer.outcome == Outcome.CONFIRMED else None
    return line.net if answered is None else answered
