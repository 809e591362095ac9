"""What we own: articles with their pictures, their stock over time, and who has claimed it."""

from inventory.models.article_imports import (
    ArticleImport,
    ArticleImportPart,
    ArticleImportProblem,
    ImportState,
    ImportStep,
)
from inventory.models.articles import (
    Article,
    ArticleKind,
    ArticleQuerySet,
    ArticleSupplier,
    Category,
    CategoryQuerySet,
    FactorScale,
    FactorScaleQuerySet,
    locking,
)
from inventory.models.pictures import Picture
from inventory.models.steps import (
    Lowest,
    Read,
    StockStep,
    lowest_over,
    possibly_short,
    read_courses,
    write_courses,
    writing,
)
from inventory.models.stock import (
    Reservation,
    ReservationQuerySet,
    StockMovement,
    StockMovementKind,
    StockMovementQuerySet,
    insert_reservations,
    movements_on,
    reservations_on,
)
from inventory.models.words import CatalogueWord

__all__ = [
    "Article",
    "ArticleImport",
    "ArticleImportPart",
    "ArticleImportProblem",
    "ArticleKind",
    "ArticleQuerySet",
    "ArticleSupplier",
    "CatalogueWord",
    "Category",
    "CategoryQuerySet",
    "FactorScale",
    "FactorScaleQuerySet",
    "ImportState",
    "ImportStep",
    "Lowest",
    "Picture",
    "Read",
    "Reservation",
    "ReservationQuerySet",
    "StockMovement",
    "StockMovementKind",
    "StockMovementQuerySet",
    "StockStep",
    "insert_reservations",
    "locking",
    "lowest_over",
    "movements_on",
    "possibly_short",
    "read_courses",
    "reservations_on",
    "write_courses",
    "writing",
]
