"""Which columns hold sealed values. Every app registers its own in `AppConfig.ready`, so that the rotation of
master keys forgets none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models

from eventworx.encryption.sealing import Place


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column with sealed values, over all tenants.

    `field` holds the sealed text, or a JSON object with the sealed text under `key`; no text, no value. `place` says
    where a row's value lies, the same for sealing, opening and rotation.
    """

    model: type[models.Model]
    field: str
    place: Callable[[Any], Place]
    key: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.model._meta.label, self.field, self.key) if part)

    def rows(self) -> models.QuerySet[Any]:
        return self.model._base_manager.order_by("pk")

    def sealed(self, row: models.Model) -> str:
        """The sealed text of a row; "" where there is none."""
        value = getattr(row, self.field)
        if self.key:
            value = value.get(self.key) if isinstance(value, dict) else None
        return str(value or "")

    def replace(self, row: models.Model, sealed: str) -> bool:
        """Store another sealed text, unless the field holds something else by now than `row` says."""
        before = getattr(row, self.field)
        after = before | {self.key: sealed} if self.key else sealed
        return bool(self.rows().filter(pk=row.pk, **{self.field: before}).update(**{self.field: after}))


_columns: dict[str, SealedColumn] = {}


def register_sealed_column(column: SealedColumn) -> None:
    """Called in `AppConfig.ready`; the same column again replaces the first."""
    _columns[str(column)] = column


def sealed_columns() -> tuple[SealedColumn, ...]:
    return tuple(_columns.values())
