"""A job sells: what it promised is nobody else's, handed over it leaves stock once and does not come back (E3, O7)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.test import Client

from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.availability import stock_of
from inventory.courses import check_courses
from inventory.hand_overs import TooFewOwned
from inventory.models import Article, ArticleKind, StockMovementKind
from inventory.reservations import Shortage
from inventory.stock import add_movement
from jobs.goods import (
    GoodsAreOut,
    GoodsAreSold,
    NothingToHandOut,
    NothingToTakeBack,
    hand_out,
    take_back,
    undo_hand_out,
)
from jobs.holds import hold_material, release_hold
from jobs.models import Job
from jobs.planning import set_state, update_job
from jobs.positions import NothingMoreForWhatIsOver, add_position, remove_position, update_position
from jobs.shortages import shortages_of
from jobs.states import JobState
from tests.crowd import at_once
from tests.factories import SUMMER, make_article, make_job, make_tenant
from tests.jobs.scenes import NINA, order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EARLIER, LATER = Period(SUMMER.start - 9 * DAY, SUMMER.end - 9 * DAY), Period(SUMMER.end + DAY, SUMMER.end + 4 * DAY)


@pytest.fixture
def tape(aurora: Tenant) -> Article:
    return make_article(aurora, "Gaffa", owned=10, kind=ArticleKind.SALE)


@pytest.fixture
def job(tape: Article) -> Job:
    return order(tape, 8)


def short(job: Job) -> list[int]:
    return [need.shortage for need in shortages_of(job=job).values()]


def stock(article: Article, period: Period = LATER) -> tuple[int, int]:
    """Owned, and free in a period; the steps are true."""
    article.refresh_from_db()
    assert check_courses(tenant=article.tenant, article_ids=[article.pk]) == []
    return article.owned, stock_of(articles=[article], period=period)[article.pk].free


@pytest.mark.parametrize("other", [EARLIER, LATER])
def test_what_one_job_was_promised_another_lacks(job: Job, tape: Article, other: Period) -> None:
    assert short(order(tape, 5, other)) == [3]
    assert short(job) == [0]


def test_it_is_sold_once_and_for_good(job: Job, tape: Article) -> None:
    """Through hand-over and end of the job: a later one gets what is left, and nothing is short, out or overdue."""
    assert hand_out(job=job, actor=NINA, at=SUMMER.start) == 1
    assert stock(tape) == (2, 2)
    with time_machine.travel(SUMMER.end + HOUR, tick=False):
        assert (short(job), short(order(tape, 3, LATER))) == ([0], [1])
        assert not job.tenant.jobs.overdue(SUMMER.end + HOUR).exists()
        with pytest.raises(NothingToTakeBack):
            take_back(job=job, at=SUMMER.end + HOUR)
        with pytest.raises(NothingToHandOut):
            hand_out(job=job, actor=NINA, at=SUMMER.end + HOUR)
    assert stock(tape) == (2, 0)
    [entry] = job.tenant.audit_entries.about(job)
    assert (entry.action, entry.actor_label, entry.detail) == ("goods_sold", "Nina", {"goods": [f"8 × {tape}"]})


def test_an_addition_that_a_sale_makes_owned_is_told_to_the_journal(job: Job, tape: Article) -> None:
    """It is gone from the dated changes of its article; what was owned already leaves no such line."""
    kind, came = StockMovementKind.ADDITION, SUMMER.start - DAY
    for quantity, note in ((3, "Messe"), (2, "spare")):
        add_movement(article=tape, kind=kind, quantity=quantity, start=came, note=note)
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    assert not job.tenant.audit_entries.about(tape).exists()
    other = order(tape, 4, LATER)
    assert hand_out(job=other, actor=NINA, at=LATER.start) == 1
    [entry] = job.tenant.audit_entries.about(tape)
    said = [{"quantity": 3, "since": came.isoformat(), "note": "Messe"}]
    assert (entry.action, entry.actor_label) == ("additions_counted_as_owned", "Nina")
    assert (entry.target_label, entry.detail) == (str(tape), {"additions": said, "job": other.number})
    assert [row.note for row in tape.stock_movements.all()] == ["spare"]


def test_only_what_is_lent_is_taken_back(job: Job, tape: Article) -> None:
    lamp = make_article(tape.tenant, owned=5)
    add_position(job=job, article=lamp, quantity=5)
    assert hand_out(job=job, actor=NINA, at=SUMMER.start) == 2
    assert take_back(job=job, at=SUMMER.start + HOUR) == 1
    assert (stock(tape), stock(lamp)) == ((2, 2), (5, 5))


def test_a_hand_over_that_is_undone_sells_nothing(job: Job, tape: Article) -> None:
    """Also one before the job began, and the next day again."""
    hand_out(job=job, actor=NINA, at=SUMMER.start - DAY)
    assert undo_hand_out(job=job, actor=NINA, at=SUMMER.start) == 1
    [held] = tape.reservations.all()
    assert (held.period, held.is_for_good, held.left_at) == (SUMMER, True, None)
    assert (stock(tape), stock(tape, EARLIER)) == ((10, 2), (10, 2))
    assert [entry.action for entry in job.tenant.audit_entries.about(job)][:2] in (
        ["goods_sold", "hand_out_undone"],
        ["hand_out_undone", "goods_sold"],
    )
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    assert stock(tape) == (2, 2)


def test_what_leaves_early_has_to_be_there_by_then(job: Job, tape: Article) -> None:
    lamp = make_article(tape.tenant, owned=5)
    add_position(job=job, article=lamp, quantity=5)
    order(lamp, 1, EARLIER)
    with pytest.raises(Shortage):
        hand_out(job=job, actor=NINA, at=EARLIER.start)
    assert stock(tape) == (10, 2)


def test_with_too_few_in_stock_nothing_is_handed_out(job: Job, tape: Article) -> None:
    lamp = make_article(tape.tenant, owned=5)
    add_position(job=job, article=lamp, quantity=5)
    Article.objects.filter(pk=tape.pk).update(owned=7)
    with pytest.raises(TooFewOwned):
        hand_out(job=job, actor=NINA, at=SUMMER.start)
    assert stock(tape) == (7, -1)
    assert not job.positions.gone().exists()


def test_what_is_sold_stays_with_its_job_until_it_is_undone(job: Job, tape: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    position = job.positions.get()
    for refused in (
        lambda: set_state(job=job, state=JobState.CANCELLED),
        lambda: remove_position(position=position),
        lambda: update_position(position=position, quantity=7),
    ):
        with pytest.raises(GoodsAreSold) as sentence:
            refused()
        assert "8 × Gaffa" in str(sentence.value)
    fields = {"title": job.title, "customer": job.customer, "planning_period": LATER, "usage_period": LATER}
    update_job(job=job, **fields)
    assert (short(job), stock(tape)) == ([0], (2, 2))
    add_position(job=job, article=make_article(tape.tenant, owned=5), quantity=5)
    hand_out(job=job, actor=NINA, at=LATER.start)
    with pytest.raises(GoodsAreOut):
        set_state(job=job, state=JobState.CANCELLED)
    for _hand_over in range(2):
        undo_hand_out(job=job, actor=NINA, at=LATER.start)
    set_state(job=job, state=JobState.CANCELLED)
    assert stock(tape) == (10, 10)


@pytest.mark.parametrize("leave", ["cancel", "remove", "less"])
def test_what_was_not_handed_over_comes_free(job: Job, tape: Article, leave: str) -> None:
    position = job.positions.select_related("job", "job__tenant", "tenant").get()
    if leave == "cancel":
        set_state(job=job, state=JobState.CANCELLED)
    elif leave == "remove":
        remove_position(position=position)
    else:
        update_position(position=position, quantity=1)
    assert stock(tape) == (10, 9 if leave == "less" else 10)


def test_an_option_holds_it_and_an_order_makes_it_firm(tape: Article) -> None:
    now = SUMMER.start - 9 * DAY
    with time_machine.travel(now, tick=False):
        quote = make_job(tape.tenant)
        add_position(job=quote, article=tape, quantity=6)
        hold_material(job=quote, until=now + DAY, now=now)
        assert (stock(tape), stock(tape, EARLIER)) == ((10, 4), (10, 4))
        release_hold(job=quote)
        assert stock(tape) == (10, 10)
        hold_material(job=quote, until=now + DAY, now=now)
        set_state(job=quote, state=JobState.ORDER)
    with time_machine.travel(now + 2 * DAY, tick=False):
        assert stock(tape) == (10, 4)


def test_more_of_what_is_sold_is_another_position(job: Job, tape: Article) -> None:
    hand_out(job=job, actor=NINA, at=SUMMER.start)
    with pytest.raises(NothingMoreForWhatIsOver):
        update_position(position=job.positions.get(), quantity=10)
    update_position(position=job.positions.get(), quantity=10, beside=True)
    first, second = shortages_of(job=job).values()
    assert (first.need, first.reserved, first.shortage) == (8, 8, 0)
    assert (second.reserved, second.shortage, second.own_free) == (2, 0, 2)
    hand_out(job=job, actor=NINA, at=SUMMER.start + HOUR)
    assert stock(tape) == (0, 0)


def test_the_job_says_sold(job: Job, tape: Article, log_in: Callable[..., Client]) -> None:
    names = ("hand_out", "detail", "undo_hand_out")
    url = {name: tape.tenant.url(f"jobs:{name}", job.pk) for name in names}
    with time_machine.travel(SUMMER.start, tick=False):
        client = log_in(tape.tenant, Role.WAREHOUSE)
        assert client.post(url["hand_out"]).status_code == 302
        page = client.get(url["detail"]).content.decode()
        assert "1 Position ist verkauft." in page
        assert "Ausgabe rückgängig machen" in page
        assert "Material zurücknehmen" not in page
        assert "zurück<" not in page
        assert client.post(url["undo_hand_out"]).status_code == 302
        assert "1 Position wartet im Lager." in client.get(url["detail"]).content.decode()
    assert stock(tape) == (10, 2)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_who_hand_out_at_once_sell_once() -> None:
    """The same job twice, and another one with the same article."""
    tape = make_article(make_tenant("aurora"), owned=10, kind=ArticleKind.SALE)
    one, other = order(tape, 4), order(tape, 3)
    done = at_once(*(partial(hand_out, job=job, actor=NINA, at=SUMMER.start) for job in (one, one, other)))
    assert sorted(isinstance(said, NothingToHandOut) for said in done[:2]) == [False, True]
    assert {said for said in done if isinstance(said, int)} == {1}
    assert done[2] == 1
    assert stock(tape) == (3, 3)
