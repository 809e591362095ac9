"""What a partner may see: marks on articles, branches and everything (mission R1, R3)."""

import re

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from inventory.models import Article, Category
from inventory.search import Sql
from inventory.search.statements import condition_of
from partners import releases
from partners.models import PartnerConnection
from partners.releases import (
    EverythingHasNoExceptionOfItself,
    Mark,
    Marks,
    condition_of_released,
    mark_matching,
    release,
    released_articles,
    withdraw_release,
)
from tests.factories import make_article, make_category, make_contact

ADMIN = Actor(label="Berta Boss")


@pytest.fixture
def lent(bassline: Tenant) -> PartnerConnection:
    return bassline.partner_connections.create(tenant=bassline, contact=make_contact(bassline, "Aurora"), level=2)


@pytest.fixture
def tree(bassline: Tenant) -> dict[str, Category]:
    """Licht > Moving Heads > Spots, and Ton."""
    light = make_category(bassline, "Licht")
    heads = make_category(bassline, "Moving Heads", parent=light)
    spots = make_category(bassline, "Spots", parent=heads)
    return {"light": light, "heads": heads, "spots": spots, "sound": make_category(bassline, "Ton")}


@pytest.fixture
def stock(bassline: Tenant, tree: dict[str, Category]) -> dict[str, Article]:
    found = {name: make_article(bassline, name, category=category) for name, category in tree.items()}
    return found | {"loose": make_article(bassline, "loose")}


def visible(connection: PartnerConnection) -> set[str]:
    return set(released_articles(connection).values_list("name", flat=True))


@pytest.mark.postgres
@pytest.mark.parametrize("mark", [Mark.RELEASED, Mark.EXCLUDED])
def test_many_are_marked_in_the_order_of_their_ids(
    lent: PartnerConnection, stock: dict[str, Article], mark: Mark
) -> None:
    """Wherever they lie in the table, so that two admins who mark the same articles cannot wait for each other."""
    everything = lent.tenant.articles.all()
    with database.cursor() as cursor:  # the table is read as it lies
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
    everything.filter(pk=min(article.pk for article in stock.values())).update(sort_key="zz")  # now lies last
    assert mark_matching(connection=lent, actor=ADMIN, articles=everything, mark=mark, named="all") == len(stock)
    written = list(lent.releases.order_by("pk").values_list("article_id", flat=True))
    assert written == sorted(article.pk for article in stock.values())
    assert mark_matching(connection=lent, actor=ADMIN, articles=everything, mark=Mark.NONE, named="all") == len(stock)


@pytest.mark.postgres
def test_a_mark_is_checked_no_more_often_than_needed(lent: PartnerConnection) -> None:
    """A key would look at 100,000 marks one by one; what stands in its place is tried in test_borders_of_marks."""
    keys = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass"
    with database.cursor() as cursor:
        cursor.execute(keys, [lent.releases.model._meta.db_table])
        assert cursor.fetchall() == []


@pytest.mark.parametrize("many", [10**9, 0])
def test_marks_come_by_name_categories_before_articles(
    lent: PartnerConnection,
    tree: dict[str, Category],
    stock: dict[str, Article],
    many: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sorted or found by walking the articles; and page by page the same."""
    monkeypatch.setattr(releases, "MANY", many)
    for name in ("spots", "loose", "heads"):
        release(connection=lent, actor=ADMIN, articles=[stock[name]])
    for name in ("sound", "heads"):
        release(connection=lent, actor=ADMIN, category=tree[name], excluded=True)
    release(connection=lent, actor=ADMIN, everything=True)
    marks = Marks(lent)
    named = [str(mark.category or mark.article or "everything") for mark in marks]
    categories = [str(tree[one]) for one in ("heads", "sound")]
    assert named == ["everything", *categories, *(str(stock[one]) for one in ("heads", "loose", "spots"))]
    assert [marks[place] for place in range(len(marks))] == list(marks)
    for size in (1, 2, 4):
        assert [mark for first in range(0, 6, size) for mark in marks[first : first + size]] == list(marks)
    assert marks.has_everything


def test_nothing_is_visible_unless_released(lent: PartnerConnection, stock: dict[str, Article]) -> None:
    assert visible(lent) == set()


def test_a_single_article(lent: PartnerConnection, stock: dict[str, Article]) -> None:
    release(connection=lent, actor=ADMIN, articles=[stock["heads"]])
    assert visible(lent) == {"heads"}


def test_a_category_with_its_branches(
    lent: PartnerConnection, stock: dict[str, Article], tree: dict[str, Category]
) -> None:
    release(connection=lent, actor=ADMIN, category=tree["light"])
    assert visible(lent) == {"light", "heads", "spots"}


def test_everything_includes_what_has_no_category(lent: PartnerConnection, stock: dict[str, Article]) -> None:
    release(connection=lent, actor=ADMIN, everything=True)
    assert visible(lent) == set(stock)


def test_an_excluded_branch_falls_out_and_the_nearest_mark_counts(
    lent: PartnerConnection, stock: dict[str, Article], tree: dict[str, Category]
) -> None:
    release(connection=lent, actor=ADMIN, everything=True)
    release(connection=lent, actor=ADMIN, category=tree["heads"], excluded=True)
    assert visible(lent) == {"light", "sound", "loose"}
    release(connection=lent, actor=ADMIN, category=tree["spots"])
    assert visible(lent) == {"light", "sound", "loose", "spots"}


def test_a_released_article_wins_over_an_excluded_category(
    lent: PartnerConnection, stock: dict[str, Article], tree: dict[str, Category]
) -> None:
    release(connection=lent, actor=ADMIN, category=tree["light"], excluded=True)
    release(connection=lent, actor=ADMIN, articles=[stock["spots"]])
    assert visible(lent) == {"spots"}


def test_an_excluded_article_is_always_out(
    lent: PartnerConnection, stock: dict[str, Article], tree: dict[str, Category]
) -> None:
    release(connection=lent, actor=ADMIN, everything=True)
    release(connection=lent, actor=ADMIN, category=tree["light"])
    release(connection=lent, actor=ADMIN, articles=[stock["light"], stock["loose"]], excluded=True)
    assert visible(lent) == {"heads", "spots", "sound"}


def test_archived_articles_are_never_offered(lent: PartnerConnection, stock: dict[str, Article]) -> None:
    release(connection=lent, actor=ADMIN, articles=[stock["sound"]])
    release(connection=lent, actor=ADMIN, everything=True)
    Article.objects.filter(pk=stock["sound"].pk).update(archived_at="2026-01-01T00:00:00Z")
    assert "sound" not in visible(lent)


def test_releases_of_one_partner_are_not_those_of_another(
    bassline: Tenant, lent: PartnerConnection, stock: dict[str, Article], tree: dict[str, Category]
) -> None:
    other = bassline.partner_connections.create(tenant=bassline, contact=make_contact(bassline, "Cymbal"), level=2)
    release(connection=lent, actor=ADMIN, everything=True)
    release(connection=lent, actor=ADMIN, category=tree["light"])
    release(connection=lent, actor=ADMIN, articles=[stock["loose"]])
    assert visible(other) == set()


def test_the_same_names_at_another_tenant_stay_out(lent: PartnerConnection, cymbal: Tenant) -> None:
    make_article(cymbal, "cymbal's")
    make_article(cymbal, "cymbal's in a category", category=make_category(cymbal))
    release(connection=lent, actor=ADMIN, everything=True)
    assert visible(lent) == set()


def test_marking_again_changes_the_mark_and_withdrawing_removes_it(
    lent: PartnerConnection, stock: dict[str, Article]
) -> None:
    release(connection=lent, actor=ADMIN, everything=True)
    release(connection=lent, actor=ADMIN, articles=[stock["sound"]])
    [mark] = release(connection=lent, actor=ADMIN, articles=[stock["sound"]], excluded=True)
    assert "sound" not in visible(lent)
    withdraw_release(connection=lent, actor=ADMIN, release=mark)
    assert "sound" in visible(lent)
    actions = list(lent.tenant.audit_entries.order_by("pk").values_list("action", flat=True))
    assert actions == [
        "partner.article_released",
        "partner.article_released",
        "partner.article_excluded",
        "partner.release_withdrawn",
    ]


def test_a_search_asks_for_what_is_released_in_the_words_of_the_query(lent: PartnerConnection) -> None:
    """All tests of what is visible hold for it as well."""

    def words(condition: Sql) -> str:
        return re.sub(r"[\s()]", "", condition.text)

    ready, made = condition_of_released(lent), condition_of(released_articles(lent))
    assert (words(ready), ready.params) == (words(made), made.params)


def test_everything_cannot_be_excluded(lent: PartnerConnection) -> None:
    with pytest.raises(EverythingHasNoExceptionOfItself):
        release(connection=lent, actor=ADMIN, everything=True, excluded=True)
    assert not lent.releases.exists()


@pytest.mark.parametrize("marks", [1, 10_000])
def test_any_number_of_marks_costs_one_statement(bassline: Tenant, lent: PartnerConnection, marks: int) -> None:
    articles = Article.objects.bulk_create(
        Article(tenant=bassline, number=str(number), name=str(number)) for number in range(marks)
    )
    lent.releases.model.objects.bulk_create(
        lent.releases.model(tenant=bassline, connection=lent, article=article) for article in articles
    )
    with CaptureQueriesContext(database) as queries:
        assert len(list(released_articles(lent)[:50])) == min(marks, 50)
    assert len(queries) == 1
