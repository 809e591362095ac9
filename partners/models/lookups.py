"""Look-ups that every request of a partner makes: to put their SQL together takes Django longer than the database
needs to answer. Here it is put together once, and once is found out how its rows are read.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

from eventworx.prepared import read

Row = TypeVar("Row", bound=models.Model)

_ANY = UUID(int=2**128 - 1)  # stands for the value while the SQL is made


class Lookup(Generic[Row]):
    """The rows of `query`, in which nothing changes but the id that it is given; related rows as it says."""

    def __init__(self, query: "Callable[[UUID], models.QuerySet[Row]]") -> None:
        self._query = query
        self._of_thread = threading.local()  # as connections are

    def rows(self, value: UUID) -> Iterator[Row]:
        made, found = self._read(value)
        return map(made.row, found)

    def first(self, value: UUID) -> tuple[Row | None, list[Sequence[Any]]]:
        """The first row, and of every row its annotations, in their order: what a join brings beside it."""
        made, found = self._read(value)
        return (made.row(found[0]) if found else None), [row[made.beside] for row in found]

    def _read(self, value: UUID) -> "tuple[_Made, list[Sequence[Any]]]":
        made = self._made()
        stands_for, sought = _as_param(_ANY), _as_param(value)
        found: Any = read(made.text, [sought if param == stands_for else param for param in made.params])
        return made, list(made.compiler.apply_converters(found, made.converters)) if made.converters else found

    def _made(self) -> "_Made":
        if not hasattr(self._of_thread, "made"):
            self._of_thread.made = _Made.of(self._query(_ANY).query.get_compiler(connection=connection))
        made: _Made = self._of_thread.made
        return made


class _Made(NamedTuple):
    """A statement, and how a queryset reads its rows."""

    text: str
    params: tuple[Any, ...]
    compiler: Any
    converters: Any
    own: slice
    names: Sequence[str]
    related: Sequence[Any]
    beside: slice

    @classmethod
    def of(cls, compiler: SQLCompiler) -> "_Made":
        text, params = compiler.as_sql()
        info: Any = compiler.klass_info
        own = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        return cls(
            text=text,
            params=tuple(params),
            compiler=compiler,
            converters=compiler.get_converters([column for column, _sql, _alias in compiler.select]),
            own=own,
            names=[column.target.attname for column, _sql, _alias in compiler.select[own]],
            beside=slice(own.stop, own.stop + len(compiler.annotation_col_map or ())),
            related=get_related_populators(info, compiler.select, connection.alias),  # type: ignore[call-arg]
        )

    def row(self, values: Sequence[Any]) -> Any:
        made = self.compiler.klass_info["model"].from_db(connection.alias, self.names, values[self.own])
        for populator in self.related:
            populator.populate(values, made)
        return made


def _as_param(value: UUID) -> Any:
    return models.UUIDField().get_db_prep_value(value, connection, prepared=False)
