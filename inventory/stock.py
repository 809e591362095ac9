"""Dated changes of stock, such as repairs. The standing figures belong to the article (`inventory.articles`)."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from inventory.models import Article, StockMovement


class MovementEndsBeforeItStarts(BusinessError):
    code = "movement-period"
    message = _("The end has to lie after the beginning.")
    field = "end"


def add_movement(
    *, article: Article, kind: str, quantity: int, start: datetime, end: datetime | None = None, note: str = ""
) -> StockMovement:
    """`quantity` units more, or out of service, from `start` to `end` or for good.

    What is reserved stays, also where stock falls short. Raises MovementEndsBeforeItStarts.
    """
    if end is not None and end <= start:
        raise MovementEndsBeforeItStarts
    return article.stock_movements.create(
        tenant_id=article.tenant_id, kind=kind, quantity=quantity, start=start, end=end, note=note
    )


def remove_movement(*, movement: StockMovement) -> None:
    """As if it had never been."""
    movement.delete()
