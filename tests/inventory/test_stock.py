"""Dated changes of stock."""

from datetime import timedelta

import pytest

from eventworx.tenants.models import Tenant
from inventory.models import StockMovementKind
from inventory.stock import MovementEndsBeforeItStarts, add_movement, remove_movement
from tests.factories import SUMMER, make_article

ADDITION = StockMovementKind.ADDITION


def test_movements_come_and_go(aurora: Tenant) -> None:
    article = make_article(aurora)
    row = add_movement(article=article, kind=ADDITION, quantity=2, start=SUMMER.start, note="Nachkauf")
    assert (row.tenant, row.signed_quantity, row.end) == (aurora, 2, None)
    remove_movement(movement=row)
    assert not article.stock_movements.exists()


@pytest.mark.parametrize("length", [timedelta(), timedelta(minutes=-1)])
def test_a_movement_ends_after_it_starts(aurora: Tenant, length: timedelta) -> None:
    article = make_article(aurora)
    with pytest.raises(MovementEndsBeforeItStarts):
        add_movement(article=article, kind=ADDITION, quantity=2, start=SUMMER.start, end=SUMMER.start + length)
    assert not article.stock_movements.exists()
