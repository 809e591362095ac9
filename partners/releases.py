"""What a partner may see and order (mission R1): marked articles, categories and everything, with exceptions.

Which mark counts for an article: its own; else that of its category or of the nearest category above that has
one; else "everything". The marks are read in the statement that reads the articles, so that a change is in force
with the next request and 10,000 marks cost no further query.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, overload

from django.db import IntegrityError, models, transaction
from django.db import connection as database
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Subquery
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from inventory.models import Article, ArticleQuerySet, Category
from inventory.search import FEW, Sql, find_articles
from partners.models import PartnerConnection, Release
from partners.models.journal import Deed

HITS = 20
MANY = 5_000  # marks of articles; fewer are sorted in 50 ms, while articles between two of them may be many
_ROW_ID = re.compile(r"[1-9][0-9]{0,17}")

# A branch carries the mark of its nearest marked category; the root's mark is "everything".
_SEEN_CATEGORIES = """
            WITH RECURSIVE branch (id, excluded) AS (
                SELECT category.id, COALESCE(mark.excluded, NOT EXISTS (
                    SELECT 1 FROM partners_release WHERE connection_id = %s AND everything))
                FROM inventory_category category
                LEFT JOIN partners_release mark ON mark.category_id = category.id AND mark.connection_id = %s
                WHERE category.tenant_id = %s AND category.parent_id IS NULL
                UNION ALL
                SELECT category.id, COALESCE(mark.excluded, branch.excluded)
                FROM branch
                JOIN inventory_category category ON category.parent_id = branch.id
                LEFT JOIN partners_release mark ON mark.category_id = category.id AND mark.connection_id = %s
            )
            SELECT id FROM branch WHERE NOT excluded
"""

# The mark of an article is its own, else that of its category.
_IS_RELEASED = """
    COALESCE(
        (SELECT NOT excluded FROM partners_release WHERE connection_id = %s AND article_id = {article}),
        CASE WHEN {category} IS NULL
        THEN EXISTS (SELECT 1 FROM partners_release WHERE connection_id = %s AND everything)
        ELSE {category} IN ({seen_categories}) END
    )
""".replace("{seen_categories}", _SEEN_CATEGORIES)

# Marked one by one or lying in released categories, by the index over either: no article that is not released is read
# but for those that are excluded one by one.
_FEW_RELEASED = """
    CASE WHEN NOT EXISTS (SELECT 1 FROM partners_release WHERE connection_id = %s AND everything) THEN ARRAY(
        SELECT article_id FROM partners_release
        WHERE connection_id = %s AND article_id IS NOT NULL AND NOT excluded
        UNION ALL
        SELECT lying.id FROM ({seen_categories}) seen CROSS JOIN LATERAL (
            SELECT id FROM inventory_article WHERE tenant_id = %s AND category_id = seen.id OFFSET 0
        ) lying
        LIMIT {most}
    ) END
""".replace("{seen_categories}", _SEEN_CATEGORIES).replace("{most}", str(FEW + 1))

_BRANCH = """
    WITH RECURSIVE branch (id) AS (
        SELECT id FROM inventory_category WHERE tenant_id = %s AND id = %s
        UNION ALL
        SELECT category.id FROM branch JOIN inventory_category category ON category.parent_id = branch.id
    )
    SELECT id FROM branch
"""

# One statement however many articles. Whoever marks does it in the order of the articles: two at the same time wait for
# each other, and never both. The last WHERE of the SELECT tells SQLite's parser that no join follows.
_MARK_ALL = """
    INSERT INTO partners_release (tenant_id, connection_id, article_id, everything, excluded)
    SELECT %s, %s, found.id, %s, %s FROM ({articles}) found WHERE 1 = 1 ORDER BY found.id
"""
# A mark that is right already is left alone.
_OR_CHANGE = """
    ON CONFLICT (connection_id, article_id) DO UPDATE
    SET excluded = excluded.excluded WHERE partners_release.excluded <> excluded.excluded
"""


_RELEASED = f"""
    "inventory_article"."tenant_id" = %s AND "inventory_article"."archived_at" IS NULL AND
    {_IS_RELEASED.format(article='"inventory_article"."id"', category='"inventory_article"."category_id"')}
"""


class NothingMatches(BusinessError):
    code = "nothing-matches"
    message = _("No article matches the filter: nothing has been marked.")
    field = "q"


class EverythingHasNoExceptionOfItself(BusinessError):
    code = "release-unclear"
    message = _("Choose an article or a category to exclude.")


class MarkedOtherwise(BusinessError):
    code = "marked-otherwise"
    status = 409
    message = _("“%(thing)s” has been marked otherwise meanwhile. Nothing has changed: look at the marks once more.")


class _IsReleased(Func):
    """Whether an article is released to the partner of a connection."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, connection: PartnerConnection) -> None:
        super().__init__(F("pk"), F("category_id"))
        self._connection = connection

    def as_sql(self, compiler: SQLCompiler, connection: Any, *_texts: Any, **_context: Any) -> tuple[str, Any]:
        article, category = (compiler.compile(column)[0] for column in self.get_source_expressions())
        identity = _identity(self._connection)
        params = [identity] * 4 + [self._connection.tenant_id, identity]
        return _IS_RELEASED.format(article=article, category=category), tuple(params)


def released_articles(connection: PartnerConnection) -> ArticleQuerySet:
    """The articles of our tenant that this partner may see and order; archived ones never. One statement."""
    return connection.tenant.articles.active().filter(_IsReleased(connection))


def condition_of_released(connection: PartnerConnection) -> Sql:
    """`released_articles` as the search takes it, which every search asks for: without Django's putting it together."""
    identity, tenant_id = _identity(connection), connection.tenant_id
    return Sql(_RELEASED, (tenant_id, *[identity] * 4, tenant_id, identity))


def few_released(connection: PartnerConnection) -> Sql:
    """The ids among which all of `released_articles` are, as the search takes them: an array of PostgreSQL, longer than
    `FEW` or NULL where they are many."""
    identity, tenant_id = _identity(connection), connection.tenant_id
    return Sql(_FEW_RELEASED, (*[identity] * 4, tenant_id, identity, tenant_id))


def _identity(connection: PartnerConnection) -> Any:
    """The key of a connection as the database has it."""
    field = Release._meta.get_field("connection").target_field
    return field.get_db_prep_value(connection.pk, database, prepared=False)


def released_named(connection: PartnerConnection, wire_ids: Iterable[str]) -> ArticleQuerySet:
    """Of the released articles those with these ids on the wire; foreign and made-up ids find none. One statement."""
    return released_articles(connection).filter(pk__in={_row_id(wire_id) for wire_id in wire_ids})


def condition_of_branch(tenant: Tenant, category_id: str) -> Sql:
    """That an article lies in a category on the wire or below it; none does in an unknown one."""
    return Sql(f'"inventory_article"."category_id" IN ({_BRANCH})', (tenant.pk, _row_id(category_id)))


def released_count(connection: PartnerConnection) -> int:
    """How many articles the partner sees at this moment."""
    return released_articles(connection).count()


class Marks(Sequence[Release]):
    """All that is marked for a partner: everything, categories, articles; each by name. Read page by page."""

    def __init__(self, connection: PartnerConnection) -> None:
        self._articles = connection.tenant.articles
        self._single = connection.releases.filter(article__isnull=False)
        wide = connection.releases.filter(article__isnull=True).select_related("category")
        self._wide = list(wide.order_by("-everything", "category__sort_key", "pk"))
        self._count = len(self._wide) + self._single.count()

    @property
    def has_everything(self) -> bool:
        return any(mark.everything for mark in self._wide)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Release: ...
    @overload
    def __getitem__(self, index: slice) -> list[Release]: ...
    def __getitem__(self, index: int | slice) -> Release | list[Release]:
        if isinstance(index, int):
            return self[index : index + 1][0]
        first, last, _step = index.indices(len(self))
        before = len(self._wide)
        return self._wide[first:last] + self._of_articles(max(first - before, 0), max(last - before, 0))

    def __iter__(self) -> Iterator[Release]:
        return iter(self[:])

    def _of_articles(self, first: int, last: int) -> list[Release]:
        """Those at these places. Many are not sorted: the articles are walked by name, asking each for its mark.

        PostgreSQL, unaware that somebody got 100,000 marks a minute ago, would read and sort all of them.
        """
        if first >= last:
            return []
        marks = self._single.select_related("article").order_by("article__sort_key", "article_id")
        if len(self) < MANY:
            return list(marks[first:last])
        own = Subquery(self._single.filter(article=OuterRef("pk")).values("pk"))
        marked = self._articles.alias(mark=own).filter(mark__isnull=False).order_by("sort_key", "pk")
        return list(marks.filter(article__in=list(marked.values_list("pk", flat=True)[first:last])))


def articles_to_mark(
    *, connection: PartnerConnection, query: str, category_ids: Collection[int] | None = None
) -> list[Article]:
    """The first of our articles that match, each with `is_released`: whether this partner sees it now."""
    released = Exists(released_articles(connection).filter(pk=OuterRef("pk")))
    scope = connection.tenant.articles.active().annotate(is_released=released).select_related("category")
    if category_ids is not None:
        scope = scope.in_categories(category_ids)
    return find_articles(tenant=connection.tenant, scope=scope, query=query, limit=HITS)


@transaction.atomic
def release(
    *,
    connection: PartnerConnection,
    actor: Actor,
    articles: Iterable[Article] = (),
    category: Category | None = None,
    everything: bool = False,
    excluded: bool = False,
) -> list[Release]:
    """Mark articles, a category with its branches, or everything; with `excluded` take the former away again.

    A thing that is marked already gets the new mark. Raises EverythingHasNoExceptionOfItself.
    """
    if everything and excluded:
        raise EverythingHasNoExceptionOfItself
    things: list[dict[str, object]] = [{"article": one} for one in sorted(articles, key=lambda article: article.pk)]
    things += [{"category": category}] if category else []
    things += [{"everything": True}] if everything else []
    marks = [_mark(connection, excluded, thing) for thing in things]
    for mark in marks:
        deed = Deed.EXCLUDED if excluded else Deed.RELEASED
        record(tenant=connection.tenant, actor=actor, action=deed, target=connection, release=str(mark))
    return marks


class Mark(models.TextChoices):
    """What becomes of the articles that a filter finds."""

    RELEASED = "released"
    EXCLUDED = "excluded"
    NONE = "none"


_DEEDS = {Mark.RELEASED: Deed.RELEASED, Mark.EXCLUDED: Deed.EXCLUDED, Mark.NONE: Deed.RELEASE_WITHDRAWN}


@transaction.atomic
def mark_matching(
    *, connection: PartnerConnection, actor: Actor, articles: ArticleQuerySet, mark: Mark, named: str
) -> int:
    """Give every article that a filter finds its own mark, or none; how many marks that changed.

    `named` is the filter in words, for the journal. What comes into the catalogue later is not marked; a category
    would be. Without a mark of its own an article goes by its categories again. Raises NothingMatches.
    """
    if not articles.exists():
        raise NothingMatches
    changed = _unmark(connection, articles) if mark == Mark.NONE else _mark_all(connection, articles, mark)
    record(tenant=connection.tenant, actor=actor, action=_DEEDS[mark], target=connection, release=named, marks=changed)
    return changed


def _mark_all(connection: PartnerConnection, articles: ArticleQuerySet, mark: Mark) -> int:
    """Looking for each whether it is marked already takes as long as writing it: of the first marks of articles none is
    looked at, unless somebody turns out to have marked one meanwhile. Whatever else is refused is refused again."""
    found, values = articles.order_by().values("id").query.sql_with_params()
    values = (connection.tenant_id, _identity(connection), False, mark == Mark.EXCLUDED, *values)
    if not connection.releases.filter(article__isnull=False).exists():
        with suppress(IntegrityError), transaction.atomic():
            return _written(_MARK_ALL.format(articles=found), values)
    return _written(_MARK_ALL.format(articles=found) + _OR_CHANGE, values)


def _written(sql: str, values: Sequence[Any]) -> int:
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


def _unmark(connection: PartnerConnection, articles: ArticleQuerySet) -> int:
    marks = connection.releases.filter(article__in=articles.order_by().values("pk"))
    locked = list(marks.select_for_update().order_by("article_id").values_list("pk", flat=True))
    gone, _by_table = marks.delete() if locked else (0, {})
    return gone


@transaction.atomic
def withdraw_release(*, connection: PartnerConnection, actor: Actor, release: Release, seen: str = "") -> None:
    """Remove a mark, a release or an exception. Raises MarkedOtherwise where it is not what was `seen` (a Mark), as far
    as a person sees it: without an exception of before the partner would see what another has just hidden."""
    now = connection.releases.select_for_update().filter(pk=release.pk).first()
    if seen and (now is None or seen != (Mark.EXCLUDED if now.excluded else Mark.RELEASED)):
        raise MarkedOtherwise(thing=release)
    record(
        tenant=connection.tenant,
        actor=actor,
        action=Deed.RELEASE_WITHDRAWN,
        target=connection,
        release=str(release),
    )
    release.delete()


def _row_id(wire_id: str) -> int:
    """The row behind an id on the wire; 0, which no row has, for what none of ours looks like."""
    return int(wire_id) if _ROW_ID.fullmatch(wire_id) else 0


def _mark(connection: PartnerConnection, excluded: bool, thing: dict[str, object]) -> Release:
    mark, _created = connection.releases.update_or_create(
        **thing, defaults={"excluded": excluded}, create_defaults={"excluded": excluded, "tenant": connection.tenant}
    )
    return mark
