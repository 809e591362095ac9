"""What tests of jobs set up and look at."""

from datetime import timedelta

from eventworx.audit import Actor
from eventworx.periods import Period
from inventory.availability import stock_of
from inventory.models import Article, Reservation
from jobs.models import Job
from jobs.positions import add_position
from jobs.states import JobState
from tests.factories import SUMMER, make_job

HOUR = timedelta(hours=1)
NINA = Actor("Nina")
BEFORE = SUMMER.start - 24 * HOUR


def order(article: Article, quantity: int, period: Period = SUMMER) -> Job:
    """A job that has what is free of so many units."""
    job = make_job(article.tenant, state=JobState.ORDER, period=period)
    add_position(job=job, article=article, quantity=quantity)
    return job


def row(job: Job) -> Reservation:
    """What the one position of a job has reserved."""
    return job.tenant.reservations.get(position__job=job)


def free(article: Article, hours: int) -> int:
    """So many hours after `BEFORE`, for an hour."""
    asked = Period(BEFORE + hours * HOUR, BEFORE + (hours + 1) * HOUR)
    return stock_of(articles=[article], period=asked)[article.pk].free
