"""What is free, all the way from reservations and movements, against a walk over every minute (mission E3)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.availability import bottleneck_in, courses_on, each_stock, stock_in, stock_of
from inventory.courses import check_courses
from inventory.models import Article
from tests.inventory.scenes import MINUTE, Scene, few, play, scenes, walked
from tests.world import undone

NOW = datetime(2027, 7, 1, 10, tzinfo=UTC)
questions = st.lists(st.tuples(st.integers(-1500, 1500), st.integers(0, 600)), min_size=1, max_size=4)


def touching(article: Article) -> Iterator[Period]:
    """What can be had right before and right after the first reservations, and a minute too long for it."""
    before, after = article.buffer_before, article.buffer_after_minutes * MINUTE
    for row in article.reservations.order_by("pk")[:3]:
        for more in (timedelta(0), MINUTE):
            yield Period(row.blocked_from - after - 9 * MINUTE, row.blocked_from - after + more)
            if row.is_for_good:
                continue
            yield Period(row.blocked_until + before - more, row.blocked_until + before + 9 * MINUTE)


@few
@given(scenes, questions, st.integers(0, 2))
def test_stock_is_what_a_walk_over_every_minute_finds(
    aurora: Tenant, scene: Scene, asked: list[tuple[int, int]], left_out: int
) -> None:
    with undone():
        article = play(aurora, scene, NOW)
        excluding = list(article.reservations.order_by("pk").values_list("pk", flat=True)[:left_out])
        periods = [Period(NOW + start * MINUTE, NOW + (start + length) * MINUTE) for start, length in asked]
        for period in [*periods, *touching(article)]:
            question = {"articles": [article], "period": period, "excluding": excluding, "now": NOW}
            stock, course = stock_of(**question)[article.pk], courses_on(**question)[article.pk]
            assert stock.free == walked(article, period, NOW, excluding)
            assert stock_in(article=article, course=course, period=period) == stock
            scarce = bottleneck_in(article=article, course=course, period=period)
            if not excluding:
                together = each_stock(articles=[article], period=period, now=NOW)
                assert together == {article.pk: (stock, scarce)}
            without_buffers = type(article)(owned=article.owned, out_of_service=article.out_of_service)
            assert stock_in(article=without_buffers, course=course, period=scarce).free == stock.free
        assert check_courses(tenant=aurora, article_ids=[article.pk]) == []
