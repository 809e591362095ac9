from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import migrations

EPOCH, TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
BEGINNING = (datetime.min.replace(tzinfo=UTC) - EPOCH) // TICK
KINDS = {"addition": "added", "out_of_service": "out_of_service"}


def fill_stock_steps(apps: Any, schema_editor: Any) -> None:
    """Every reservation and stock movement that there is, as steps."""
    moves: defaultdict[int, defaultdict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))

    def move(article: int, start: datetime, end: datetime | None, figure: str, quantity: int) -> None:
        first = (start - EPOCH) // TICK
        moves[article][first][figure] += quantity
        if end:
            moves[article][max((end - EPOCH) // TICK, first + 1)][figure] -= quantity

    reservations = apps.get_model("inventory", "Reservation").objects.all()
    for article, start, end, quantity in reservations.values_list(
        "article_id", "blocked_from", "blocked_until", "quantity"
    ).iterator():
        move(article, start, end, "reserved", quantity)
    movements = apps.get_model("inventory", "StockMovement").objects.all()
    for article, start, end, kind, quantity in movements.values_list(
        "article_id", "start", "end", "kind", "quantity"
    ).iterator():
        move(article, start, end, KINDS[kind], quantity)
    step = apps.get_model("inventory", "StockStep")
    for article, changes in moves.items():
        rows = [step(article_id=article, instant=instant, **figures) for instant, figures in running(changes)]
        step.objects.bulk_create(rows, batch_size=1000)


def running(changes: dict[int, Counter[str]]) -> Iterator[tuple[int, dict[str, int]]]:
    yield BEGINNING, {}
    sums: Counter[str] = Counter()
    for instant in sorted(changes):
        sums.update(changes[instant])
        if any(changes[instant].values()):
            yield instant, dict(sums)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_stock_steps")]

    operations = [migrations.RunPython(fill_stock_steps, migrations.RunPython.noop)]
