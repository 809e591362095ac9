"""Eight processes work on the same stock: nothing is promised twice, and the steps stay true (mission E3, O9).

EWX_ENGINE_OPERATIONS says how much work they do together; without it, as much as fits into every run.
"""

import os
import subprocess
import sys

import pytest
from django.db import connection
from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.courses import check_courses
from inventory.models import Article, ArticleKind
from tests.amounts import amount
from tests.factories import make_article, make_tenant
from tests.inventory.engine import overbooked
from tests.source import ROOT

PROCESSES, ARTICLES = 8, 6
OPERATIONS = amount("EWX_ENGINE_OPERATIONS", 1_600)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def store() -> Tenant:
    tenant = make_tenant("aurora")
    for number in range(ARTICLES):
        buffers = {"buffer_before_minutes": 30 * (number % 2), "buffer_after_minutes": 45 * (number % 3)}
        kind = ArticleKind.SALE if number == 0 else ArticleKind.RENTAL
        owned = 40 if kind == ArticleKind.SALE else 12 + number
        make_article(tenant, f"PAR {number}", owned=owned, kind=kind, **buffers)
    return tenant


def let_work(tenant: Tenant, operations: int, *flags: str) -> int:
    """All processes at once; how often one of them was refused."""
    database = {name: connection.settings_dict[name.upper()] for name in ("user", "password", "host", "port", "name")}
    url = "postgres://{user}:{password}@{host}:{port}/{name}".format(**database)
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    each = [sys.executable, "-m", "tests.inventory.engine", tenant.slug]
    running = [
        subprocess.Popen(
            [*each, str(seed), str(operations // PROCESSES), *flags],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    answers = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * PROCESSES, answers
    return sum(int(printed) for printed, _errors in answers)


def wrong_minutes(articles: list[Article]) -> dict[str, int]:
    now = timezone.now()
    found = {article.name: len(overbooked(article, now)) for article in articles}
    return {name: minutes for name, minutes in found.items() if minutes}


def test_eight_processes_promise_nothing_twice(store: Tenant) -> None:
    refused = let_work(store, OPERATIONS)
    articles = list(store.articles.order_by("pk"))
    assert wrong_minutes(articles) == {}
    assert 0 < articles[0].owned < 40
    assert check_courses(tenant=store, article_ids=[article.pk for article in articles]) == []
    # The work was hard enough to matter: there was much to do, and much was refused.
    assert store.reservations.count() > OPERATIONS // 20
    assert refused > OPERATIONS // 20


def test_without_the_lock_they_would(store: Tenant) -> None:
    let_work(store, min(OPERATIONS, 800), "without-lock")
    articles = list(store.articles.all())
    wrong = check_courses(tenant=store, article_ids=[article.pk for article in articles])
    assert wrong_minutes(articles) or wrong
