"""Marks name what is there and their tenant's own, without a key for each (security.md row 30): the database refuses
whatever a key would refuse, one row or many, and however two transactions meet."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import Error, IntegrityError, NotSupportedError, ProgrammingError, connection, transaction

from eventworx.audit import Actor
from eventworx.tenants.models import Tenant
from inventory.models import Article
from partners.models import PartnerConnection, Release
from partners.releases import Mark, mark_matching
from tests.crowd import somebody_waits
from tests.factories import make_article, make_category, make_contact

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]
at_once = pytest.mark.django_db(transaction=True)
Way = Callable[[PartnerConnection, Tenant], object]


@pytest.fixture
def lent(aurora: Tenant) -> PartnerConnection:
    """Of Aurora, which has a mark of each kind."""
    lent = aurora.partner_connections.create(contact=make_contact(aurora))
    for thing in ({"article": make_article(aurora)}, {"category": make_category(aurora)}, {"everything": True}):
        lent.releases.create(tenant=aurora, **thing)
    return lent


BORDERS = [f"partners_release_{thing}_id_own" for thing in ("article", "category", "connection")]


def execute(sql: str, *values: Any) -> None:
    """What is looked at when the transaction ends is looked at once, for marks alone."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.execute(f"SET CONSTRAINTS {', '.join(BORDERS)}, {'_moved, '.join(BORDERS)}_moved IMMEDIATE")


MARK_EACH = (
    "INSERT INTO partners_release (tenant_id, connection_id, article_id, everything, excluded)"
    " SELECT %s, %s, id, FALSE, FALSE FROM unnest(%s::bigint[]) id"
)


def mark(tenant: Tenant, lent: PartnerConnection, *articles: Article) -> None:
    Release.objects.bulk_create(Release(tenant=tenant, connection=lent, article=article) for article in articles)


def their_connection(theirs: Tenant) -> PartnerConnection:
    return theirs.partner_connections.create(contact=make_contact(theirs))


WAYS: dict[str, Way] = {
    "article": lambda lent, theirs: mark(lent.tenant, lent, make_article(theirs)),
    "one of many": lambda lent, theirs: mark(
        lent.tenant, lent, *(make_article(owner) for owner in (lent.tenant, theirs, lent.tenant))
    ),
    "category": lambda lent, theirs: lent.releases.create(tenant=lent.tenant, category=make_category(theirs)),
    "connection": lambda lent, theirs: mark(lent.tenant, their_connection(theirs), make_article(lent.tenant)),
    "tenant": lambda lent, theirs: mark(theirs, lent, make_article(theirs)),
    "nothing": lambda lent, _theirs: lent.releases.create(tenant=lent.tenant, article_id=10**9),
    "article changed": lambda lent, theirs: _of_article(lent).update(article=make_article(theirs)),
    "category changed": lambda lent, theirs: _of_category(lent).update(category=make_category(theirs)),
    "connection changed": lambda lent, theirs: lent.releases.update(connection=their_connection(theirs)),
    "tenant changed": lambda lent, theirs: lent.releases.update(tenant=theirs),
    "no more there": lambda lent, _theirs: _of_article(lent).update(article_id=10**9),
    "where it is marked": lambda lent, theirs: execute(
        "INSERT INTO partners_release (tenant_id, connection_id, article_id, everything, excluded)"
        " SELECT tenant_id, connection_id, article_id, FALSE, FALSE FROM partners_release WHERE article_id IS NOT NULL"
        " ON CONFLICT (connection_id, article_id) DO UPDATE SET article_id = %s",
        make_article(theirs).pk,
    ),
    "one of two updates": lambda lent, theirs: execute(
        "WITH moved AS (UPDATE partners_release SET category_id = %s WHERE category_id IS NOT NULL)"
        " UPDATE partners_release SET excluded = excluded WHERE article_id IS NOT NULL",
        make_category(theirs).pk,
    ),
}


def _of_article(lent: PartnerConnection) -> Any:
    return lent.releases.filter(article__isnull=False)


def _of_category(lent: PartnerConnection) -> Any:
    return lent.releases.filter(category__isnull=False)


@pytest.mark.parametrize("way", WAYS)
def test_no_mark_names_what_is_not_its_tenants(lent: PartnerConnection, bassline: Tenant, way: str) -> None:
    before = list(lent.releases.order_by("pk").values())
    with pytest.raises(IntegrityError), transaction.atomic():
        WAYS[way](lent, bassline)
    assert list(Release.objects.order_by("pk").values()) == before


@pytest.fixture
def many(aurora: Tenant) -> list[Article]:
    """So many that their marks are merged with them, instead of looked up one by one."""
    return Article.objects.bulk_create(Article(tenant=aurora, number=f"M-{at}", name="PAR") for at in range(10_001))


def test_one_of_many_is_found(lent: PartnerConnection, aurora: Tenant, bassline: Tenant, many: list[Article]) -> None:
    ids = [article.pk for article in many]
    deleted = ids.pop(5_000)
    aurora.articles.filter(pk=deleted).delete()
    new = aurora.partner_connections.create(contact=make_contact(aurora))
    for stray in (make_article(bassline).pk, deleted, 0, 10**9):
        with pytest.raises(IntegrityError, match="partners_release names"), transaction.atomic():
            execute(MARK_EACH, aurora.pk, new.pk, [*ids, stray])
    execute(MARK_EACH, aurora.pk, new.pk, ids)
    assert new.releases.count() == 10_000


def test_many_move_at_once(lent: PartnerConnection, aurora: Tenant, bassline: Tenant, many: list[Article]) -> None:
    execute(MARK_EACH, aurora.pk, lent.pk, [article.pk for article in many])
    new = aurora.partner_connections.create(contact=make_contact(aurora))
    lent.releases.update(connection=new)
    for changes in ({"connection": their_connection(bassline)}, {"tenant": bassline}):
        with pytest.raises(IntegrityError, match="partners_release names"), transaction.atomic():
            new.releases.update(**changes)


def test_marks_move_within_a_tenant(lent: PartnerConnection, aurora: Tenant) -> None:
    """As when a partner connects anew."""
    new = aurora.partner_connections.create(contact=make_contact(aurora))
    lent.releases.update(connection=new)
    _of_article(new).update(article=make_article(aurora))
    assert new.releases.count() == 3


def test_marks_that_only_change_are_not_looked_at_again(lent: PartnerConnection) -> None:
    """100,000 of them change at once; what they name was looked at when they were written."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_article RENAME TO not_to_be_looked_at")
        assert _of_article(lent).update(excluded=True) == 1
        with pytest.raises(ProgrammingError), transaction.atomic():
            cursor.execute("UPDATE partners_release SET article_id = article_id WHERE article_id IS NOT NULL")
        assert _of_article(lent).update(excluded=False) == 1


NAMED = ["inventory_article", "inventory_category", "partners_partnerconnection"]


@pytest.mark.parametrize("table", NAMED)
@pytest.mark.parametrize("deed", ["DELETE FROM {}", "UPDATE {} SET tenant_id = %s", "UPDATE {} SET id = {changed}"])
def test_what_is_marked_stays(lent: PartnerConnection, aurora: Tenant, bassline: Tenant, table: str, deed: str) -> None:
    changed = "gen_random_uuid()" if table == NAMED[-1] else "id + 1000"
    owners = [bassline.pk, aurora.pk] if "tenant_id" in deed else [aurora.pk]
    with pytest.raises(IntegrityError, match="partners_release"):
        execute(deed.format(table, changed=changed) + " WHERE tenant_id = %s", *owners)


@at_once
def test_no_table_is_emptied_beneath_the_marks(lent: PartnerConnection) -> None:
    for table in NAMED:
        with pytest.raises(IntegrityError, match="partners_release"):
            execute(f"TRUNCATE {table} CASCADE")
    execute(f"TRUNCATE partners_release, {', '.join(NAMED)} CASCADE")


def test_what_goes_takes_its_marks_along(lent: PartnerConnection, aurora: Tenant) -> None:
    """As Django does it; and what was put back is there."""
    article = aurora.articles.get()
    execute("UPDATE inventory_article SET id = id + 1; UPDATE inventory_article SET id = id - 1")
    article.delete()
    aurora.categories.get().delete()
    lent.delete()
    connection.check_constraints()
    assert not Release.objects.exists()


def test_what_nobody_marks_goes_and_changes(lent: PartnerConnection, aurora: Tenant) -> None:
    one, other = make_article(aurora), make_article(aurora)
    execute("DELETE FROM inventory_article WHERE id = %s", one.pk)
    execute("UPDATE inventory_article SET id = id + 1 WHERE id = %s", other.pk)


@at_once
@pytest.mark.parametrize("deed", ["INSERT", "DELETE"])
def test_a_transaction_that_does_not_see_the_newest_is_refused(
    lent: PartnerConnection, aurora: Tenant, deed: str
) -> None:
    unmarked = make_article(aurora)
    deeds: dict[str, Callable[[], None]] = {
        "INSERT": lambda: mark(aurora, lent, unmarked),
        "DELETE": gone("inventory_article", unmarked.pk),
    }
    with pytest.raises(NotSupportedError):
        with_the_view_of_its_start(deeds[deed])


@transaction.atomic
def with_the_view_of_its_start(deed: Callable[[], None]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    deed()


def gone(table: str, key: Any) -> Callable[[], None]:
    return lambda: execute(f'DELETE FROM "{table}" WHERE id = %s', key)


# --- two at once ------------------------------------------------------------------------------------
def meanwhile(first: Callable[[], object], then: Callable[[], object]) -> Error | None:
    """What `then` meets that has to wait until the transaction of `first` ends; None where it was done."""

    def other() -> Error | None:
        try:
            then()
        except IntegrityError as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(1) as crowd:
        with transaction.atomic():
            first()
            done = crowd.submit(other)
            while not somebody_waits():
                assert not done.done()
        return done.result()


@at_once
@pytest.mark.parametrize("table", NAMED[::2])
def test_what_is_being_marked_is_not_deleted(lent: PartnerConnection, aurora: Tenant, table: str) -> None:
    new = aurora.partner_connections.create(contact=make_contact(aurora))
    article = make_article(aurora)
    key = {"inventory_article": article.pk}.get(table, new.pk)
    assert isinstance(meanwhile(lambda: mark(aurora, new, article), gone(table, key)), IntegrityError)
    assert new.releases.get().article == article


@at_once
@pytest.mark.parametrize("table", NAMED[::2])
def test_what_is_being_deleted_is_not_marked(lent: PartnerConnection, aurora: Tenant, table: str) -> None:
    new = aurora.partner_connections.create(contact=make_contact(aurora))
    article = make_article(aurora)
    key = {"inventory_article": article.pk}.get(table, new.pk)
    refused = meanwhile(gone(table, key), lambda: mark(aurora, new, make_article(aurora), article))
    assert isinstance(refused, IntegrityError)
    assert not new.releases.exists()


@at_once
def test_what_is_deleted_at_last_was_not_marked_before(lent: PartnerConnection, aurora: Tenant) -> None:
    """The deletion is looked at when its transaction ends: whoever marked in between was first."""
    article = make_article(aurora)
    with pytest.raises(IntegrityError):
        _delete_while_it_is_marked(lent, article)
    assert lent.releases.filter(article=article).exists()


@transaction.atomic
def _delete_while_it_is_marked(lent: PartnerConnection, article: Article) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inventory_article WHERE id = %s", [article.pk])
    with ThreadPoolExecutor(1) as crowd:
        crowd.submit(_marked_alone, lent.tenant, lent, article).result(timeout=20)


def _marked_alone(tenant: Tenant, lent: PartnerConnection, article: Article) -> None:
    try:
        mark(tenant, lent, article)
    finally:
        connection.close()


@at_once
def test_two_who_mark_do_not_wait_for_each_other(lent: PartnerConnection, aurora: Tenant) -> None:
    one, other = make_article(aurora), make_article(aurora)
    with ThreadPoolExecutor(1) as crowd, transaction.atomic():
        mark(aurora, lent, one)
        crowd.submit(_marked_alone, aurora, lent, other).result(timeout=20)


@at_once
def test_the_first_marks_of_many_meet_one_that_is_made_meanwhile(aurora: Tenant) -> None:
    """Nobody looks for what is marked already before the first mark; what turns up is marked like the others."""
    new = aurora.partner_connections.create(contact=make_contact(aurora))
    articles = [make_article(aurora) for _ in range(3)]
    asked = {"connection": new, "actor": Actor(label="Ada"), "articles": aurora.articles.all()}
    then = partial(mark_matching, **asked, mark=Mark.EXCLUDED, named="all")
    assert meanwhile(lambda: mark(aurora, new, articles[1]), then) is None
    assert list(new.releases.values_list("excluded", flat=True)) == [True] * 3
