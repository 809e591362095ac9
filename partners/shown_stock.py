"""What a partner is told of our stock, and what of it he can have: one rule for search, article, availability and
automatic confirmation (mission R2, R4; protocol §4 "Listing").

Pure: knows neither database nor clock.
"""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.availability import Stock
from partners.protocol import wire
from partners.protocol.wire.fields import MAX_QUANTITY


class StockMode(models.TextChoices):
    """The names are those of the wire."""

    EXACT = "exact", _("Exact figures")
    YES_NO = "yes_no", _("Only yes or no")
    CAPPED = "capped", _("At most up to a figure")


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTerms:
    """How much a partner learns: in which mode, up to `cap` where it is capped; `kept_back` units are not for him."""

    mode: StockMode = StockMode.EXACT
    cap: int = 1
    kept_back: int = 0

    def left(self, free: int) -> int:
        """Of so many free units those that this partner can have; signed."""
        return free - self.kept_back


def shown(stock: Stock | None, terms: StockTerms | None, asked: int = 1) -> wire.Stock | None:
    """`stock` as it leaves the house; None where the level tells nothing (no `terms`).

    Never less than none: how far we are short is our own affair. What is kept back goes off both exact figures, so
    that neither they nor their difference tell of it. Yes or no is the answer to `asked` units. No figure is greater
    than the protocol carries: one would make the whole answer unreadable.
    """
    if stock is None or terms is None:
        return None
    free, owned = (min(max(terms.left(units), 0), MAX_QUANTITY) for units in (stock.free, stock.owned))
    match terms.mode:
        case StockMode.YES_NO:
            return wire.YesNoStock(available=free >= asked)
        case StockMode.CAPPED:
            return wire.CappedStock(at_least=min(free, terms.cap))
        case StockMode.EXACT:
            return wire.ExactStock(owned=owned, free=free)


def tells_bottleneck(stock: Stock, terms: StockTerms | None) -> bool:
    """Whether he learns when it is scarcest: beside exact figures, unless that lies in what is kept back."""
    if terms is None or terms.mode is not StockMode.EXACT:
        return False
    return not terms.kept_back or terms.left(stock.free) > 0
