"""A partner's typo is corrected to words of articles that he may see, and to no others (mission J3, R1)."""

from itertools import product
from typing import Any

import pytest
from django.db import connection as database

from eventworx.tenants.models import Tenant
from inventory.models import Article
from inventory.search import find_rows
from partners.models import PartnerConnection
from partners.releases import condition_of_released, few_released, release
from tests.factories import make_article
from tests.fakes import InProcess
from tests.partners.api.asking import ADMIN, Ask, queries_of

pytestmark = pytest.mark.postgres

SEEN = ["Bühnenscheinwerfer", "Scheinwerfer", "Nebelmaschine"]
CROWD = [f"Scheinwerfe{one}{other}" for one in "abcd" for other in "aeioulr"]


@pytest.mark.parametrize(
    ("typed", "hidden", "found"),
    [
        ("scheinwervar", ["Scheinwerver"], ["Scheinwerfer", "Bühnenscheinwerfer"]),  # nearer than what he sees
        ("scheinwerfar", ["Scheinwerfar"], ["Scheinwerfer", "Bühnenscheinwerfer"]),  # as he typed it
        ("scheinwerfex", CROWD, ["Scheinwerfer", "Bühnenscheinwerfer"]),  # more of them than are looked at
        ("traversn", ["Traverse"], []),  # nothing near that he sees
        ("scheinwerfre", ["Scheinwerfer Zwei"], ["Scheinwerfer", "Bühnenscheinwerfer"]),  # the word of both
    ],
)
def test_an_article_that_is_not_released_changes_nothing_of_the_answer(
    pair: tuple[PartnerConnection, PartnerConnection],
    ask: Ask,
    network: InProcess,
    bassline: Tenant,
    typed: str,
    hidden: list[str],
    found: list[str],
) -> None:
    """Neither what is found nor in how many statements; the control is the same catalogue without it."""
    release(connection=pair[1], actor=ADMIN, articles=[make_article(bassline, name) for name in SEEN])
    answers: list[list[str]] = []

    def asked() -> None:
        answers.append([item["name"] for item in ask("/articles", q=typed)["items"]])

    ask("/articles")  # he is heard of for the first time today
    without = queries_of(asked, network)
    for name in hidden:
        make_article(bassline, name)
    beside = queries_of(asked, network)
    assert (answers, beside) == ([found, found], without)
    if found:  # and what is released is found, as a proof that the words are known
        release(connection=pair[1], actor=ADMIN, everything=True)
        assert ask("/articles", q=hidden[0])["items"]


_READ = "SELECT SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables WHERE relname = %s"


@pytest.mark.django_db
def test_what_is_not_released_costs_a_partner_of_a_few_articles_nothing(
    pair: tuple[PartnerConnection, PartnerConnection], bassline: Tenant, settings: Any
) -> None:
    """As many articles are read for words that hundreds of them hold as for one that none does; the control reads them
    for whoever may see more."""
    settings.EWX_DATABASE_POOLED = True  # who plans looks at articles, too: let it be each time
    release(connection=pair[1], actor=ADMIN, articles=[make_article(bassline, name) for name in SEEN[2:]])
    words = ["".join(letters) for letters in product(["traverse"], "abcde", "klmno")]
    hidden = [Article(tenant=bassline, number=f"H-{place}", name=words[place % 25]) for place in range(2000)]
    for article in hidden:
        article.fill_keys()
    bassline.articles.bulk_create(hidden)
    scope: dict[str, Any] = {"tenant": bassline, "scope": condition_of_released(pair[1]), "limit": 50}

    with database.cursor() as cursor:
        cursor.execute("ANALYZE inventory_article, inventory_catalogueword, partners_release")

        def read(query: str, hits: int = 0, **few: Any) -> int:
            cursor.execute(_READ, ["inventory_article"])
            [[before]] = cursor.fetchall()
            assert len(find_rows(query=query, **scope, **few).rows) == hits
            cursor.execute(_READ, ["inventory_article"])
            return int(cursor.fetchone()[0] - before)

        few = few_released(pair[1])
        read("xyzuvwqq", few=few)  # the planner looks at other rows the first time, whatever the word
        for typed in ("traverseak", "traverseax", "trawerse"):
            assert read(typed, few=few) == read("xyzuvwqq", few=few)
            assert read(typed) > 2 * read("xyzuvwqq")
        assert read("nebelmaschina", 1, few=few) < 3 * read("xyzuvwqq", few=few)
