"""Whatever is done to jobs, in whatever order: nothing is promised twice, and what a job has reserved is what it needs.

EWX_JOB_WALKS says how many walks are made; without it, one in every run.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random

import pytest
import time_machine

from eventworx.audit import Actor
from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from inventory.articles import update_article
from inventory.courses import check_courses
from inventory.models import Article, ArticleKind
from jobs.covering import Cover, cover_shortages
from jobs.free_again import take_over
from jobs.goods import hand_out, take_back, undo_hand_out, undo_take_back
from jobs.holds import hold_material, release_hold
from jobs.models import Job, Position
from jobs.planning import set_state, update_job
from jobs.positions import SupplierTerms, add_position, remove_position, update_position
from jobs.shortages import shortages_of
from jobs.states import JobState
from tests.amounts import amount
from tests.factories import make_article, make_contact, make_job

HOUR = timedelta(hours=1)
TERMS = SupplierTerms("77", "B-77", Decimal(20), Decimal(10), (), Decimal(0), "EUR")
NINA = Actor("Nina")


class Firm:
    """Does one random thing after the other, as its seed says."""

    def __init__(self, tenant: Tenant, seed: int) -> None:
        self.tenant, self.random, self.now = tenant, Random(seed), datetime(2027, 7, 1, tzinfo=UTC)
        self.articles = [make_article(tenant, f"PAR {n}", owned=self.random.randint(3, 9)) for n in range(3)]
        self.stock = self.random.randint(20, 60)
        self.sold = make_article(tenant, "Gaffa", owned=self.stock, kind=ArticleKind.SALE)
        self.articles.append(self.sold)
        self.supplier = make_contact(tenant, "Bassline", is_supplier=True)
        self.done = 0

    def period(self) -> Period:
        start = self.now + self.random.randint(-5, 72) * HOUR
        return Period(start, start + self.random.randint(26, 60) * HOUR)

    def work(self) -> None:
        """One thing, a while after the last."""
        self.now += timedelta(minutes=self.random.randint(0, 120))
        with time_machine.travel(self.now, tick=False):
            jobs = list(self.tenant.jobs.select_related("tenant", "customer").order_by("pk"))
            if not jobs or self.random.random() < 0.05:
                jobs.append(make_job(self.tenant, period=self.period()))
            try:
                self._some_deed(self.random.choice(jobs))()
            except BusinessError:
                return
            self.done += 1
            self.judge()

    def _some_deed(self, job: Job) -> Callable[[], object]:
        chance, now = self.random, self.now
        deeds: list[Callable[[], object]] = [
            lambda: add_position(job=job, article=chance.choice(self.articles), quantity=chance.randint(1, 6)),
            lambda: set_state(job=job, state=chance.choice(list(JobState))),
            lambda: set_state(job=job, state=JobState.ORDER),
            lambda: hold_material(job=job, until=now + chance.randint(1, 20) * HOUR, now=now),
            lambda: release_hold(job=job),
            lambda: hand_out(job=job, actor=NINA, at=now),
            lambda: take_back(job=job, at=now),
            lambda: undo_hand_out(job=job, actor=NINA, at=now),
            lambda: undo_take_back(job=job, actor=NINA, at=now),
            lambda: self._move(job),
            lambda: self._tune(chance.choice(self.articles)),
        ]
        positions = list(job.positions.select_related("job__tenant", "article"))
        if positions:
            some = chance.choice(positions)
            deeds += [
                lambda: update_position(position=some, quantity=max(some.sub_rented_quantity, chance.randint(1, 7))),
                lambda: remove_position(position=some),
                lambda: self._cover(some),
                lambda: take_over(position=some),
            ]
        return chance.choice(deeds)

    def _move(self, job: Job) -> None:
        period = self.period()
        update_job(
            job=job, title=job.title, customer=job.customer, planning_period=period, usage_period=period, note="moved"
        )

    def _tune(self, article: Article) -> None:
        minutes = 60 * self.random.randint(0, 3)
        update_article(article=article, number=article.number, buffer_after_minutes=minutes)

    def _cover(self, position: Position) -> None:
        missing = shortages_of(job=position.job)[position.pk].shortage
        if missing:
            cover = Cover(position, self.supplier, self.random.randint(1, missing), TERMS)
            cover_shortages(job=position.job, covers=[cover])

    def judge(self) -> None:
        assert check_courses(tenant=self.tenant, article_ids=[row.pk for row in self.articles]) == []
        nobodys = self.tenant.reservations.filter(position__isnull=True)
        turning = {row.reservation: row for row in self.tenant.turnarounds.select_related("reservation")}
        assert turning.keys() - {None} == {*nobodys}
        assert all(turning[row].quantity == row.quantity and row.end <= turning[row].until for row in nobodys)
        assert all(row.is_turning for row in nobodys)
        for article in self.articles:
            article.refresh_from_db(fields=["owned"])
            assert self._most_claimed(article) <= article.owned
        gone = [row.quantity for row in self.sold.reservations.all() if row.is_sold]
        assert self.sold.owned + sum(gone) == self.stock
        assert not any(row.is_sold or row.is_for_good for row in self.articles[0].reservations.all())
        holding = self.tenant.positions.filter(reservation__isnull=False)
        for row in holding.select_related("job", "reservation"):
            self._judge(row)

    def _most_claimed(self, article: Article) -> int:
        claims = [row for row in article.reservations.all() if row.counts(self.now)]
        changes = [(row.blocked_from, row.quantity) for row in claims]
        changes += [(row.blocked_until, -row.quantity) for row in claims]
        return max(accumulate(quantity for _instant, quantity in sorted(changes)), default=0)

    def _judge(self, row: Position) -> None:
        """What a position has is for it, for its time, and as firm as its job."""
        held, job = row.reservation, row.job
        assert held
        if not job.takes_stock(self.now):
            assert not held.counts(self.now)
            return
        if not held.counts(self.now):
            assert held.is_hold or held.quantity <= row.own_quantity
            return
        assert held.expires_at == (None if job.uses_stock else job.held_until)
        if held.returned_at:
            assert held.end > job.planning_start  # else it would look as if there were something for it
            return
        assert held.quantity <= row.own_quantity
        assert held.start <= job.planning_start
        assert held.end == job.planning_end
        assert held.is_for_good == (held.article_id == self.sold.pk)
        assert held.handed_over_at or held.start == job.planning_start


@pytest.mark.parametrize("seed", range(3, 3 + amount("EWX_JOB_WALKS", 1)))
def test_nothing_is_promised_twice_whatever_is_done_to_jobs(aurora: Tenant, seed: int) -> None:
    firm = Firm(aurora, seed)
    for _ in range(150):
        firm.work()
    assert firm.done > 50
