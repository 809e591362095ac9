"""Look-ups that every request of a partner makes: to put their SQL together takes Django longer than the database
needs to answer. Here it is put together once."""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=models.Model)

_ANY = UUID(int=2**128 - 1)  # stands for the value while the SQL is made


class Lookup(Generic[Row]):
    """The rows of `query`, in which nothing changes but the id that it is given; related rows as it says."""

    def __init__(self, query: "Callable[[UUID], models.QuerySet[Row]]") -> None:
        self._query = query
        self._of_thread = threading.local()  # as connections are

    def rows(self, value: UUID) -> Iterator[Row]:
        compiler, text, params = self._compiled()
        stands_for, sought = _as_param(_ANY), _as_param(value)
        with connection.cursor() as cursor:
            cursor.execute(text, [sought if param == stands_for else param for param in params])
            found = cursor.fetchall()
        return self._made_of(compiler, found)

    def _compiled(self) -> tuple[SQLCompiler, str, tuple[Any, ...]]:
        if not hasattr(self._of_thread, "compiled"):
            compiler = self._query(_ANY).query.get_compiler(connection=connection)
            self._of_thread.compiled = (compiler, *compiler.as_sql())
        compiled: tuple[SQLCompiler, str, tuple[Any, ...]] = self._of_thread.compiled
        return compiled

    def _made_of(self, compiler: Any, found: list[tuple[Any, ...]]) -> Iterator[Row]:
        """The rows as a queryset makes them."""
        info = compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        names = [column.target.attname for column, _sql, _alias in compiler.select[first:last]]
        related = get_related_populators(info, compiler.select, connection.alias)  # type: ignore[call-arg]
        for row in compiler.results_iter([found]):
            made = info["model"].from_db(connection.alias, names, row[first:last])
            for populator in related:
                populator.populate(row, made)
            yield made


def _as_param(value: UUID) -> Any:
    return models.UUIDField().get_db_prep_value(value, connection, prepared=False)
