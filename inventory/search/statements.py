"""SQL of the search, put together of parts. Whatever came from outside is a parameter; the text is our own.

Every statement reads `inventory_article` under its own name: a scope is a condition on it.
"""

from collections.abc import Iterable
from functools import cache
from string import Formatter
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from eventworx.prepared import read
from inventory.search.dialects import Dialect


class Sql(NamedTuple):
    text: str
    params: tuple[Any, ...] = ()

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with connection.cursor() as cursor:
            cursor.execute(self.text, self.params)
            return cursor.fetchall()

    @property
    def rows_by_known_plan(self) -> list[tuple[Any, ...]]:
        """The same where the values change nothing about how the answer is found."""
        return read(self.text, self.params)


def sql(template: str, **parts: Any) -> Sql:
    """The template with its `{parts}`: other SQL with its parameters, or a value, which becomes one."""
    text = ""
    params: list[Any] = []
    for literal, name in _parsed(template):
        part = parts[name] if name else Sql("")
        part = part if isinstance(part, Sql) else Sql("%s", (part,))
        text += literal + part.text
        params += part.params
    return Sql(text, tuple(params))


@cache
def _parsed(template: str) -> list[tuple[str, str | None]]:
    return [(literal, name) for literal, name, _spec, _conversion in Formatter().parse(template)]


def condition_of(scope: QuerySet[Any]) -> Sql:
    """The condition that makes the scope; it may name nothing but articles, and subqueries."""
    compiler = scope.query.get_compiler(connection=connection)
    tables = {alias for alias, uses in scope.query.alias_refcount.items() if uses}
    if tables - {scope.model._meta.db_table}:
        raise ValueError(f"a scope with other tables beside the articles: {tables}")
    try:
        text, params = compiler.compile(scope.query.where)
    except EmptyResultSet:
        return Sql("1 = 0")
    return Sql(text, tuple(params))


def holding(dialect: Dialect, key: str, words: Iterable[Iterable[str]], block: str = "") -> Sql:
    """Whether a search key holds one spelling of every word, or the block."""
    every = _combined(" AND ", [_any_of(dialect, key, spellings) for spellings in words])
    return _combined(" OR ", [every, _any_of(dialect, key, [block])]) if block else every


def _any_of(dialect: Dialect, key: str, spellings: Iterable[str]) -> Sql:
    contains = dialect.contains.format(key)
    return _combined(" OR ", [Sql(contains, (dialect.part.format(spelling),)) for spelling in spellings])


def _combined(word: str, parts: list[Sql]) -> Sql:
    params = tuple(param for part in parts for param in part.params)
    return Sql(f"({word.join(part.text for part in parts)})", params)
