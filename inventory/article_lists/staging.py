"""A list beside the articles: loaded into temporary tables, compared with what is there, written in few statements.

Nobody else sees any of it before the transaction of `write` is committed, and nothing stays of it but the articles.
An empty cell (NULL here) keeps what an existing article has; a new article gets the default. Compared is what the
list says only, so that an article that says the same already is not touched at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models

from eventworx.tenants.models import Tenant
from inventory.article_lists.checking import (
    IS_WRONG,
    NEW_CATEGORY,
    KindInUse,
    NameMissing,
    NumberTwice,
    Problem,
    problem,
)
from inventory.article_lists.databases import database
from inventory.models import Article
from inventory.spelling import KEY_TEXTS, keys_of

LINES, CHANGES = "article_list_lines", "article_list_changes"
RENEWED, CATEGORIES, ODD = "article_list_keys", "article_list_categories", "article_list_odd_numbers"
ARTICLES = Article._meta.db_table
AT_ONCE = 5000  # rows
MOST_ATTEMPTS = 5
# Lines that say another kind than an article has of which something is reserved or out; with the instant, twice.
_KIND_IN_USE = """l.kind <> a.kind AND EXISTS (
    SELECT 1 FROM inventory_reservation r WHERE r.article_id = a.id AND r.sold_at IS NULL
    AND (r.blocked_until > %s OR (r.handed_over_at IS NOT NULL AND r.returned_at IS NULL))
    AND (r.expires_at IS NULL OR r.expires_at > %s))"""
# What stands for itself in the list: it is no column of articles, or treated apart.
_OTHERS = {"archived", NEW_CATEGORY, IS_WRONG}
KEYS = tuple(keys_of([""] * len(KEY_TEXTS)))


class NumbersKeepComing(Exception):
    """Somebody creates articles with the numbers of the list as fast as we write them: a defect, or an attack."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Lines by what becomes of them."""

    new: int
    changed: int
    unchanged: int


@contextmanager
def staged(tenant: Tenant, columns: Sequence[str]) -> "Iterator[Staging]":
    """Room for a list with these columns of `Checker`, on this connection, until the end of the block."""
    staging = Staging(tenant, columns)
    staging.open()
    try:
        yield staging
    finally:
        staging.close()


class Staging:
    """The list as it lies there. `taken_out` counts the lines with problems: they are compared with the others, so that
    all of their problems are named at once, and then they are gone."""

    def __init__(self, tenant: Tenant, columns: Sequence[str]) -> None:
        self.tenant, self.columns = tenant, ["line", *columns]
        self.said = [column for column in columns if column not in _OTHERS | {"number"}]
        self.database = database()
        self.taken_out = 0

    def open(self) -> None:
        self.close()
        line = f"line {self.database.line_type}"
        _run(f"CREATE TEMPORARY TABLE {LINES} ({', '.join([line, *map(_typed, self.columns[1:])])})")
        _run(f"CREATE TEMPORARY TABLE {RENEWED} ({', '.join([line, *map(_typed, KEYS)])})")
        _run(f"CREATE TEMPORARY TABLE {CHANGES} (line integer, article_id bigint)")
        _run(f"CREATE TEMPORARY TABLE {CATEGORIES} (path text, id bigint)")
        _run(f"CREATE TEMPORARY TABLE {ODD} (number text, kept text)")

    def close(self) -> None:
        for table in (LINES, CHANGES, RENEWED, CATEGORIES, ODD):
            _run(f"DROP TABLE IF EXISTS {table}")

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of `Checker`."""
        self.database.load(LINES, self.columns, rows)

    def problems(self, *, most: int, change_existing: bool, now: datetime) -> Iterator[Problem]:
        """After the last row: what shows only beside other lines, or beside what is there, up to `most` of a kind. All
        lines with problems are taken out."""
        self._recognise()
        self.database.analyse(LINES)
        twice = f"SELECT number, min(line) AS first FROM {LINES} GROUP BY number HAVING count(*) > 1"
        found = f"FROM {LINES} l JOIN ({twice}) f ON f.number = l.number WHERE l.line > f.first"
        for line, number, first in self._marked("l.line, l.number, f.first", found, most):
            yield problem(line, "number", number, NumberTwice(first=first))
        nameless = f"a.id IS NULL AND l.number IS NOT NULL AND {_said('name', self.columns)} IS NULL"
        for (line,) in self._marked("l.line", f"FROM {self._joined} WHERE {nameless}", most):
            yield problem(line, "name", "", NameMissing())
        if change_existing and "kind" in self.said:
            found, instant = f"FROM {self._joined} WHERE {_KIND_IN_USE}", _instant(now)
            for line, kind in self._marked("l.line, l.kind", found, most, instant, instant):
                yield problem(line, "kind", kind, KindInUse())
        self.taken_out = _run(f"DELETE FROM {LINES} WHERE {IS_WRONG}")

    def _marked(self, columns: str, found: str, most: int, *parameters: Any) -> list[Any]:
        """The first of the lines that are found; all of them are wrong from now on."""
        rows = _rows(f"SELECT {columns} {found} ORDER BY l.line LIMIT %s", *parameters, most)
        if rows or not most:
            _run(f"UPDATE {LINES} SET {IS_WRONG} = TRUE WHERE line IN (SELECT l.line {found})", *parameters)
        return rows

    def _recognise(self) -> None:
        """A number that was written down with other blanks, before they were put right, is this article's all the
        same."""
        self.database.load(ODD, ["number", "kept"], self.tenant.articles.oddly_numbered().items())
        _run(
            f"UPDATE {LINES} SET number = o.kept FROM {ODD} o WHERE o.number = {LINES}.number AND NOT EXISTS "
            f"(SELECT 1 FROM {ARTICLES} a WHERE a.tenant_id = {int(self.tenant.pk)} AND a.number = o.number)"
        )

    @property
    def _joined(self) -> str:
        return f"{LINES} l LEFT JOIN {ARTICLES} a ON a.tenant_id = {int(self.tenant.pk)} AND a.number = l.number"

    def compare(self, *, change_existing: bool) -> Counts:
        """Which lines say something new, as of now."""
        _run(f"DELETE FROM {CHANGES}")
        wanted = f"a.id IS NULL OR ({self._differs})" if change_existing else "a.id IS NULL"
        _run(f"INSERT INTO {CHANGES} SELECT l.line, a.id FROM {self._joined} WHERE {wanted}")
        self.database.analyse(CHANGES)
        [(lines,)] = _rows(f"SELECT count(*) FROM {LINES}")
        [(changes, changed)] = _rows(f"SELECT count(*), count(article_id) FROM {CHANGES}")
        return Counts(new=changes - changed, changed=changed, unchanged=lines - changes)

    @property
    def _differs(self) -> str:
        """A line and its article: whether the line says anything else; how breaks of lines are kept is no matter."""
        own = {column: f"a.{column}" for column in self.said}
        if "description" in own:
            own["description"] = "replace(replace(a.description, '\r\n', '\n'), '\r', '\n')"
        found = [f"l.{column} IS NOT NULL AND l.{column} IS DISTINCT FROM {value}" for column, value in own.items()]
        if "archived" in self.columns:
            found.append("l.archived IS NOT NULL AND l.archived IS DISTINCT FROM (a.archived_at IS NOT NULL)")
        if NEW_CATEGORY in self.columns:
            found.append(f"l.{NEW_CATEGORY} IS NOT NULL")
        return " OR ".join(f"({each})" for each in found) or "1 = 0"

    def new_categories(self) -> list[str]:
        """Paths to be created for the lines that say something new, after `compare`."""
        new = f"SELECT l.{NEW_CATEGORY} FROM {CHANGES} c JOIN {LINES} l ON l.line = c.line"
        return sorted(path for (path,) in _rows(f"{new} WHERE l.{NEW_CATEGORY} IS NOT NULL GROUP BY 1"))

    def place_categories(self, ids: Mapping[str, int]) -> None:
        """What had to be created has been: the lines name it by its id."""
        self.database.load(CATEGORIES, ["path", "id"], ids.items())
        _run(
            f"UPDATE {LINES} SET category_id = n.id, {NEW_CATEGORY} = NULL FROM {CATEGORIES} n "
            f"WHERE n.path = {LINES}.{NEW_CATEGORY}"
        )

    def prepare(self, *, change_existing: bool) -> None:
        """What takes long and can be done before the transaction of `write`: the keys of what is new by now."""
        self.compare(change_existing=change_existing)
        self._make_keys("c.article_id IS NULL")

    def write(self, *, change_existing: bool, now: datetime) -> Counts:
        """Into the articles, in the caller's transaction: their rows are locked, and the newest of them counts.

        A number that somebody else takes meanwhile is an existing article in the next attempt. Raises KindInUse where
        something was reserved since the lines were checked.
        """
        instant = _instant(now)
        new = changed = 0
        for _attempt in range(MOST_ATTEMPTS):
            counts = self.compare(change_existing=change_existing)
            self.database.lock(f"SELECT article_id FROM {CHANGES} WHERE article_id IS NOT NULL")
            self._require_kinds(instant)
            _run(f"DELETE FROM {RENEWED} WHERE line IN (SELECT line FROM {CHANGES} WHERE article_id IS NOT NULL)")
            self._make_keys("1 = 1" if self._changes_texts else "c.article_id IS NULL")
            changed += self._update(instant) if counts.changed else 0
            created = self._insert(instant) if counts.new else 0
            new += created
            if created == counts.new:
                lines = counts.new + counts.changed + counts.unchanged
                return Counts(new, changed, lines - new - changed)
        raise NumbersKeepComing

    def _require_kinds(self, instant: Any) -> None:
        found = f"FROM {CHANGES} c JOIN {LINES} l ON l.line = c.line JOIN {ARTICLES} a ON a.id = c.article_id"
        if "kind" in self.said and _rows(f"SELECT 1 {found} WHERE {_KIND_IN_USE} LIMIT 1", instant, instant):
            raise KindInUse

    @property
    def _changes_texts(self) -> bool:
        return any(text in self.said for text in KEY_TEXTS)

    def _make_keys(self, wanted: str) -> None:
        """The keys that are not made yet, from what a line says and what its article has besides."""
        texts = [f"COALESCE({_said(text, self.columns)}, a.{text}, '')" for text in KEY_TEXTS]
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                f"SELECT c.line, {', '.join(texts)} FROM {CHANGES} c JOIN {LINES} l ON l.line = c.line "
                f"LEFT JOIN {ARTICLES} a ON a.id = c.article_id LEFT JOIN {RENEWED} k ON k.line = c.line "
                f"WHERE k.line IS NULL AND {wanted}"
            )
            while found := cursor.fetchmany(AT_ONCE):
                rows = [[line, *keys_of(said).values()] for line, *said in found]
                self.database.load(RENEWED, ["line", *KEYS], rows)
        self.database.analyse(RENEWED)

    def _update(self, instant: Any) -> int:
        values = {column: f"COALESCE(l.{column}, a.{column})" for column in self.said}
        values |= {key: f"k.{key}" for key in KEYS} if self._changes_texts else {}
        if "archived" in self.columns:
            stays = "l.archived IS NULL OR l.archived = (a.archived_at IS NOT NULL)"
            values["archived_at"] = f"CASE WHEN {stays} THEN a.archived_at WHEN l.archived THEN %s END"
        settings = ", ".join(f"{column} = {value}" for column, value in (values | {"updated_at": "%s"}).items())
        return _run(
            f"UPDATE {ARTICLES} AS a SET {settings} FROM {CHANGES} c JOIN {LINES} l ON l.line = c.line "
            f"LEFT JOIN {RENEWED} k ON k.line = c.line WHERE a.id = c.article_id",
            *[instant] * settings.count("%s"),
        )

    def _insert(self, instant: Any) -> int:
        given = {"tenant_id": "%s", "number": "l.number", "created_at": "%s", "updated_at": "%s"}
        parameters: list[Any] = [self.tenant.pk, instant, instant]
        if "archived" in self.columns:
            given["archived_at"] = "CASE WHEN l.archived THEN %s END"
            parameters.append(instant)
        given |= {key: f"k.{key}" for key in KEYS}
        for column, default in _defaults().items():
            if column not in given:
                given[column] = f"COALESCE(l.{column}, %s)" if column in self.said else "%s"
                parameters.append(default)
        return _run(
            f"INSERT INTO {ARTICLES} ({', '.join(given)}) SELECT {', '.join(given.values())} FROM {CHANGES} c "
            f"JOIN {LINES} l ON l.line = c.line JOIN {RENEWED} k ON k.line = c.line "
            "WHERE c.article_id IS NULL ORDER BY c.line "
            "ON CONFLICT (tenant_id, number) DO NOTHING",
            *parameters,
        )


def _said(text: str, columns: Sequence[str]) -> str:
    return f"l.{text}" if text in columns else "NULL"


def _defaults() -> dict[str, Any]:
    """What a new article has by itself, as the database takes it; by column."""
    fields: list[Any] = [field for field in Article._meta.concrete_fields if not field.primary_key]
    own = [field for field in fields if not getattr(field, "generated", False)]
    return {field.column: field.get_db_prep_save(field.get_default(), connection) for field in own}


def _instant(now: datetime) -> Any:
    return Article._meta.get_field("updated_at").get_db_prep_value(now, connection)


def _typed(column: str) -> str:
    own: dict[str, models.Field[Any, Any]] = {
        "archived": models.BooleanField(),
        IS_WRONG: models.BooleanField(),
        NEW_CATEGORY: models.TextField(),
    }
    field: Any = own.get(column) or Article._meta.get_field(column)
    return f"{column} {field.db_type(connection)}"


def _run(statement: str, *parameters: Any) -> int:
    """How many rows it concerned."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _rows(statement: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
