"""Which columns are read of the hits, with the values that models would have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.db import connection
from django.db.models import Field, Model
from django.db.models.expressions import Col

from inventory.search.statements import Sql

Source = tuple[str, type[Model], Sequence[str]]  # the name of a table in the statement, its model, names of fields


@dataclass(frozen=True)
class Columns:
    """Columns of `inventory_article` and of tables that `joins` adds to it; `joins` begins with a blank."""

    sources: Sequence[Source] = ()
    joins: str = ""

    @cached_property
    def select(self) -> Sql:
        return Sql("".join(f', "{column.alias}"."{column.target.column}"' for column in self._columns))

    def read(self, rows: Sequence[Sequence[Any]]) -> Iterator[list[Any]]:
        """The columns, which stand at the end of each row."""
        for row in rows:
            values = list(row[-len(self._columns) :])
            for place, converters, column in self._converters:
                for convert in converters:
                    values[place] = convert(values[place], column, connection)
            yield values

    @cached_property
    def _columns(self) -> list[Col]:
        fields = [(alias, model._meta.get_field(name)) for alias, model, names in self.sources for name in names]
        return [Col(alias, cast("Field[Any, Any]", field)) for alias, field in fields]

    @cached_property
    def _converters(self) -> list[tuple[int, list[Any], Col]]:
        """What Django would do with the values; only where it would do anything."""
        return [
            (place, converters, column)
            for place, column in enumerate(self._columns)
            if (converters := [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)])
        ]


NO_COLUMNS = Columns()
