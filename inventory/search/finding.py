"""Finding articles: the same hits on every database, the best first, at a cost that hardly grows with the catalogue.

How the hits are ordered depends on how many there are. Where they can all be looked at ("best"): the article of that
number, of another code or of that name, then whole words, beginnings of words, parts; shorter names first. Words that
thousands of articles hold are never ranked: a fair sample of the catalogue tells them, and the hits come in the order
of `shuffle`, in which the first of them are found soon wherever they lie ("any"). Without words by name ("name"). The
place where a page ends says which it was, so that the next goes on in the same order.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypedDict, Unpack, overload

from eventworx.tenants.models import Tenant
from inventory.models import Article, ArticleQuerySet, lowest_table
from inventory.search.columns import NO_COLUMNS, Columns
from inventory.search.dialects import dialect
from inventory.search.places import APART, AS_TYPED, CORRECTED, Found, Place
from inventory.search.statements import Sql, condition_of, holding, sql
from inventory.search.typos import corrected
from inventory.spelling import SHUFFLED, Wanted
from inventory.steps import Span

LISTED = 500  # the best hits in a list that people page through
MANY = 2000  # from so many hits on they are not ranked
SAMPLE = 1000
FURTHEST = 30_000  # keys that are read in their order; the expected way to a page is half as long
FEW = 2000  # a scope whose articles are looked at themselves, and no others
LARGE = 300_000  # from so many articles on the index is not asked for the company
ALL = 2**31 - 1

_PAGE = """
    WITH hits AS (SELECT id, step, weight FROM ({found}) found WHERE {after} ORDER BY step, weight, id LIMIT {limit})
    SELECT hits.step, hits.weight, hits.id{stock}{columns}
    FROM hits JOIN inventory_article ON inventory_article.id = hits.id{joins}{with_stock}
    ORDER BY hits.step, hits.weight, hits.id
"""
_STOCK = Sql(", lowest.owned, lowest.out_of_service, lowest.free, lowest.moves")
_WITH_STOCK = " JOIN {lowest} lowest ON lowest.article_id = hits.id"
_BY_NAME = "SELECT id, 0 AS step, sort_key AS weight FROM inventory_article WHERE {scope} AND {from_name}"
_BY_LOOKING = "SELECT id, {step} AS step, {weight} AS weight FROM inventory_article WHERE {scope} AND {matches}"
_BY_NUMBER = """
    {by_reading} AND EXISTS (SELECT 1 FROM inventory_article WHERE {scope} AND {is_named})
"""
_BY_READING = """
    SELECT inventory_article.id, {step} AS step, {weight} AS weight
    FROM {keys} keys JOIN inventory_article ON inventory_article.id = keys.id WHERE {matches} AND {scope}
"""
_BY_WALKING = """
    SELECT * FROM (SELECT id, 0 AS step, 0 AS weight FROM inventory_article WHERE {scope} AND {is_named}) named
    UNION ALL
    SELECT * FROM (SELECT keys.id, 1 AS step, keys.shuffle AS weight FROM {keys} keys
                   WHERE {matches} AND (SELECT {scope} AND NOT {is_named} FROM inventory_article
                                        WHERE inventory_article.id = keys.id) LIMIT {limit}) walked
"""
_KEYS = """(SELECT id, shuffle, search_key FROM inventory_article
            WHERE tenant_id = {tenant} AND archived_at IS NULL AND {after} ORDER BY shuffle, id LIMIT {most})"""
_ESTIMATE = """
    WITH sample AS (SELECT * FROM {keys} keys), scope AS (SELECT {few} AS few)
    SELECT COUNT(*), COALESCE(MAX(shuffle), 0),
           (SELECT COUNT(*) FROM sample keys WHERE (SELECT few FROM scope) IS NULL AND {matches}
            AND (SELECT {scope} FROM inventory_article WHERE inventory_article.id = keys.id)),
           (SELECT few FROM scope)
    FROM sample
"""
# The index goes through what is a little alike and, where it is asked for the company as well, through all articles of
# that: of a large one these are more than what others hold. In the order of `shuffle` its first lie near each other.
# The index is asked only for a column that stands alone, beside a value of its type.
_KEYS_OF_PARTS = """(
    SELECT id, search_key FROM inventory_article
    WHERE {matches} AND tenant_id = CAST({tenant} AS bigint) AND NOT {is_large}
    UNION ALL
    SELECT id, search_key FROM inventory_article WHERE {matches} AND tenant_id + 0 = {tenant} AND {is_large} OFFSET 0)
"""
_IS_LARGE = """EXISTS (SELECT 1 FROM inventory_article
    WHERE tenant_id = {tenant} AND archived_at IS NULL AND shuffle < {reach} OFFSET 20)
"""
_IF_FEW = "(SELECT CASE WHEN cardinality(few) <= {most} THEN few END FROM (SELECT {few} AS few OFFSET 0) scope)"
_KEYS_OF_FEW = "(SELECT id, search_key FROM inventory_article WHERE id = ANY({few}) OFFSET 0)"
_STEP = "CASE WHEN {number} THEN 0 WHEN {code} THEN 1 WHEN {words} THEN 2 WHEN {beginnings} THEN 3 ELSE 4 END"
_ALWAYS = Sql("1 = 1")
_NOTHING = Sql("")


def find_rows(
    *,
    tenant: Tenant,
    scope: ArticleQuerySet | Sql,
    query: str,
    limit: int,
    after: Place | None = None,
    columns: Columns = NO_COLUMNS,
    stock_over: Span | None = None,
    few: Sql | None = None,
) -> Found:
    """A page of the articles of `scope` that match, the best first; two statements, one for a later page.

    `stock_over`: with what is lowest of each in that span, without what moves with time. A scope that every search asks
    for may come as the condition that it makes (`condition_of`). `few` keeps the time from telling what lies outside
    it: an array of PostgreSQL with the ids among which all of it are, which may be NULL or longer than `FEW`; up to so
    many, no other article is looked at for what was typed.
    """
    wanted = Wanted.of(query)
    if not wanted.words and not wanted.is_blank:
        return Found([], None)
    condition = scope if isinstance(scope, Sql) else condition_of(scope)
    search = _Search(tenant.pk, condition, wanted, query.strip(), limit + 1, columns, stock_over, few)
    if after:
        return (search.read_as(after.reading) or search).found(after)
    found = search.found(None)
    for reading in () if wanted.is_blank else (APART, CORRECTED):
        if not found.rows and (otherwise := search.read_as(reading)):
            found = otherwise.found(None)
    return found


def find_articles(*, tenant: Tenant, scope: ArticleQuerySet, query: str, limit: int) -> list[Article]:
    """The best of the articles of `scope` that match, loaded as `scope` says."""
    found = find_rows(tenant=tenant, scope=scope, query=query, limit=limit)
    return _loaded(scope, [article_id for _step, _weight, article_id in found.rows])


class Filter(TypedDict):
    """A list of our own articles: in categories (None: wherever), and archived ones alone or none of them."""

    tenant: Tenant
    query: str
    category_ids: Collection[int] | None
    archived: bool


def search_articles(**asked: Unpack[Filter]) -> Sequence[Article] | ArticleQuerySet:
    """Our own articles with every word of `query`, in any order, also as parts of words and in other spellings.

    Searched are number, name, manufacturer, part number and GTIN, with and without blanks and hyphens; found are the
    best 500, or without a query all of them by name.
    """
    scope = _scope(asked).select_related("category")
    if not asked["query"].strip():
        return scope.by_name()
    found = find_rows(tenant=asked["tenant"], scope=scope, query=asked["query"], limit=LISTED)
    return Hits(scope, [article_id for _step, _weight, article_id in found.rows], is_cut=found.next is not None)


def cut_at(listed: Sequence[Article] | ArticleQuerySet) -> int:
    """After how many hits a list that was searched ends although there are more; 0 where it holds all of them."""
    return len(listed) if isinstance(listed, Hits) and listed.is_cut else 0


def all_articles(**asked: Unpack[Filter]) -> ArticleQuerySet:
    """The same without an end, by name, as a query to go on with: whatever goes on with a list means what it shows."""
    scope, wanted = _scope(asked), Wanted.of(asked["query"])
    if wanted.words and not scope.holding(wanted).exists():
        apart = Wanted.apart(asked["query"])
        if apart and scope.holding(apart).exists():
            wanted = apart
        elif dialect().has_parts:
            wanted = corrected(tenant_id=asked["tenant"].pk, scope=condition_of(scope), wanted=wanted) or wanted
    return scope.holding(wanted).by_name()


def _scope(asked: Filter) -> ArticleQuerySet:
    articles = asked["tenant"].articles
    scope = articles.archived() if asked["archived"] else articles.active()
    return scope if asked["category_ids"] is None else scope.in_categories(asked["category_ids"])


class Hits(Sequence[Article]):
    """Found articles in their order, each loaded when it is asked for; a slice in one query. `is_cut`: the first."""

    def __init__(self, scope: ArticleQuerySet, ids: list[int], *, is_cut: bool) -> None:
        self._scope, self._ids, self.is_cut = scope, ids, is_cut

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> Article: ...
    @overload
    def __getitem__(self, index: slice) -> list[Article]: ...
    def __getitem__(self, index: int | slice) -> Article | list[Article]:
        return _loaded(self._scope, self._ids[index]) if isinstance(index, slice) else self[index : index + 1][0]

    def __iter__(self) -> Iterator[Article]:
        return iter(self[:])


def _loaded(scope: ArticleQuerySet, ids: list[int]) -> list[Article]:
    by_id = {article.pk: article for article in scope.filter(pk__in=ids)}
    return [by_id[article_id] for article_id in ids if article_id in by_id]


@dataclass(frozen=True)
class _Search:
    """One search by one company; `typed` is what was typed, `limit` how many rows are wanted of a page."""

    tenant_id: int
    scope: Sql
    wanted: Wanted
    typed: str
    limit: int
    columns: Columns
    stock_over: Span | None
    few: Sql | None
    reading: int = AS_TYPED

    @cached_property
    def order(self) -> str:
        """How the hits of a first page are ordered."""
        if self.wanted.is_blank:
            return "name"
        return "any" if self._few is None and self._estimate.hits >= MANY else "best"

    def found(self, after: Place | None) -> Found:
        most = self.limit - 1
        if not after and (rows := self._by_number()) and len(rows) <= most:
            return self._found(rows, "best")
        order = after.order if after else self.order
        return self._found(self._page(order, after), order).first(most)

    def _found(self, rows: list[tuple[Any, ...]], order: str) -> Found:
        return Found(rows, None, order, self.reading, has_stock=self.stock_over is not None)

    def read_as(self, reading: int) -> "_Search | None":
        """The same for what was probably meant; None where nothing else can have been."""
        if reading == APART:
            meant = Wanted.apart(self.typed)
        else:
            meant = self._corrected() if reading == CORRECTED and dialect().has_parts else None
        if not meant:
            return None
        known = None if self._few is None else Sql("%s::bigint[]", (self._few,))
        return replace(self, wanted=meant, reading=reading, few=known)

    def _corrected(self) -> Wanted | None:
        return corrected(tenant_id=self.tenant_id, scope=self.scope, wanted=self.wanted, few=self._few)

    def _by_number(self) -> list[tuple[Any, ...]]:
        """All hits of what is the number of an article: so few, as a rule, that nobody has to look first how many."""
        if not self.wanted.is_number or not dialect().has_parts:
            return []
        by_reading = self._by_parts("best")
        by_number = sql(_BY_NUMBER, by_reading=by_reading, scope=self.scope, is_named=self._is_named)
        return self._hits(by_number, None).rows_by_known_plan

    def _by_parts(self, order: str) -> Sql:
        """All hits through the index of parts."""
        is_large = sql(_IS_LARGE, tenant=self.tenant_id, reach=Sql(str(20 * SHUFFLED // LARGE)))
        keys = sql(_KEYS_OF_PARTS, tenant=self.tenant_id, matches=self._matches("search_key"), is_large=is_large)
        return sql(_BY_READING, keys=keys, **self._ranked(order, "keys.search_key"))

    def _page(self, order: str, after: Place | None) -> list[tuple[Any, ...]]:
        if order == "name":
            return self._hits(sql(_BY_NAME, scope=self.scope, from_name=_from_name(after)), after).rows
        if order == "any":
            rows = self._hits(self._by_walking(after), after).rows
            if len(rows) == self.limit:
                return rows
        return self._hits(self._by_looking_at_all(order), after).rows

    def _hits(self, found: Sql, after: Place | None) -> Sql:
        place = _ALWAYS
        if after:
            ours = sql("({step}, {weight}, {article})", step=after.step, weight=after.weight, article=after.article_id)
            place = sql("(step, weight, id) > {ours}", ours=ours)
        read = {"columns": self.columns.select, "joins": Sql(self.columns.joins), **self._stock}
        return sql(_PAGE, found=found, after=place, limit=self.limit, **read)

    @property
    def _stock(self) -> dict[str, Sql]:
        if not self.stock_over:
            return {"stock": _NOTHING, "with_stock": _NOTHING}
        lowest = Sql(lowest_table("SELECT id FROM hits"), self.stock_over)
        return {"stock": _STOCK, "with_stock": sql(_WITH_STOCK, lowest=lowest)}

    def _by_walking(self, after: Place | None) -> Sql:
        """The hits in the order of `shuffle`, as far as is worth going."""
        beyond = _ALWAYS
        if after and after.step:
            beyond = sql("(shuffle, id) > ({weight}, {article})", weight=after.weight, article=after.article_id)
        parts = {"keys": self._keys(FURTHEST, beyond), "matches": self._matches("keys.search_key")}
        return sql(_BY_WALKING, scope=self.scope, limit=self.limit, is_named=self._is_named, **parts)

    def _by_looking_at_all(self, order: str) -> Sql:
        """All hits."""
        if self._few is not None:
            keys = sql(_KEYS_OF_FEW, few=self._few)
        elif dialect().has_parts:
            return self._by_parts(order)
        elif self._is_of_active:
            keys = self._keys(ALL)
        else:
            return sql(_BY_LOOKING, **self._ranked(order, "search_key"))
        return sql(_BY_READING, keys=keys, **self._ranked(order, "keys.search_key"))

    def _ranked(self, order: str, key: str) -> dict[str, Sql]:
        """What every hit is asked, whichever way it was come by."""
        if order == "best":
            ranks = {"step": self._step(key), "weight": Sql("LENGTH(name)")}
        else:
            step, weight = "CASE WHEN {named} THEN 0 ELSE 1 END", "CASE WHEN {named} THEN 0 ELSE {shuffle} END"
            ranks = {
                "step": sql(step, named=self._is_named),
                "weight": sql(weight, named=self._is_named, shuffle=Sql("inventory_article.shuffle")),
            }
        return {"scope": self.scope, "matches": self._matches(key), **ranks}

    @property
    def _is_of_active(self) -> bool:
        """Whether archived articles are none of its business: only then all it looks for is among the keys."""
        return '"archived_at" IS NULL' in self.scope.text

    def _keys(self, most: int, after: Sql = _ALWAYS) -> Sql:
        return sql(_KEYS, tenant=self.tenant_id, after=after, most=Sql(str(most)))

    def _matches(self, key: str) -> Sql:
        return holding(dialect(), key, self.wanted.words, self.wanted.block)

    def _step(self, key: str) -> Sql:
        spoken, code = dialect(), f" {self.wanted.code} "
        return sql(
            _STEP,
            number=Sql(spoken.begins.format(key), (spoken.beginning.format(code),)),
            code=Sql(spoken.contains.format(key), (spoken.part.format(code),)),
            words=holding(spoken, key, self.wanted.shaped(" {} ")),
            beginnings=holding(spoken, key, self.wanted.shaped(" {}")),
        )

    @property
    def _is_named(self) -> Sql:
        """Whether what was typed is the article's number, letter by letter but for the case."""
        return Sql("number IN (%s, %s, %s)", (self.typed, self.typed.upper(), self.typed.lower()))

    @property
    def _few(self) -> list[int] | None:
        """The ids among which all of the scope are; None where they are many, or no secret."""
        return self._estimate.few if self.few and dialect().has_parts else None

    @cached_property
    def _estimate(self) -> "_Estimate":
        parts = {"keys": self._keys(SAMPLE), "matches": self._matches("keys.search_key"), "scope": self.scope}
        is_secret = self.few and dialect().has_parts
        parts["few"] = sql(_IF_FEW, few=self.few, most=Sql(str(FEW))) if is_secret else Sql("NULL")
        [row] = sql(_ESTIMATE, **parts).rows_by_known_plan
        return _Estimate(*row)


class _Estimate(NamedTuple):
    """What a sample tells, the first articles in the order of `shuffle`: how many, how far they reach, how many hit."""

    seen: int
    reach: int
    sampled_hits: int
    few: list[int] | None

    @property
    def articles(self) -> float:
        return self.seen if self.seen < SAMPLE else self.seen * SHUFFLED / max(self.reach, 1)

    @property
    def hits(self) -> float:
        return self.articles * self.sampled_hits / self.seen if self.sampled_hits > 1 else 0


def _from_name(after: Place | None) -> Sql:
    """The place again as an index by name can use it."""
    return sql("sort_key >= {name}", name=after.weight) if after else _ALWAYS
