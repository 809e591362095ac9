"""Dated changes of stock, such as repairs. The standing figures belong to the article (`inventory.articles`)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from inventory.courses import apply_changes, lock_articles, moves
from inventory.models import Article, StockMovement
from inventory.steps import undone


class MovementEndsBeforeItStarts(BusinessError):
    code = "movement-period"
    message = _("The end has to lie after the beginning.")
    field = "end"


@transaction.atomic
def add_movement(
    *, article: Article, kind: str, quantity: int, start: datetime, end: datetime | None = None, note: str = ""
) -> StockMovement:
    """`quantity` units more, or out of service, from `start` to `end` or for good.

    What is reserved stays, also where stock falls short. Raises MovementEndsBeforeItStarts.
    """
    if end is not None and end <= start:
        raise MovementEndsBeforeItStarts
    lock_articles(tenant=article.tenant, article_ids=[article.pk])
    movement = article.stock_movements.create(
        tenant_id=article.tenant_id, kind=kind, quantity=quantity, start=start, end=end, note=note
    )
    apply_changes({article.pk: [moves(movement)]})
    return movement


@transaction.atomic
def remove_movement(*, movement: StockMovement) -> None:
    """As if it had never been; whoever comes second finds nothing to remove."""
    lock_articles(tenant=movement.tenant, article_ids=[movement.article_id])
    gone, _ = movement.tenant.stock_movements.filter(pk=movement.pk).delete()
    if gone:
        apply_changes({movement.article_id: [undone(moves(movement))]})
