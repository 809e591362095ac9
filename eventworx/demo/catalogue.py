"""The demo companies' articles: hundreds of rows, written in a handful of statements."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from eventworx.demo.luminaires import CatalogueRow, luminaires, read_table
from eventworx.tenants.models import Tenant
from inventory.categories import create_category
from inventory.models import Article, ArticleKind, Category, FactorScale
from inventory.scales import create_scale


def load_catalogue(*, tenant: Tenant, company: dict[str, Any]) -> dict[str, Article]:
    """Write categories, factor scales and articles as `company` describes them; the articles by name.

    `families` gives a branch of the catalogue its scale and its buffers in minutes.
    """
    categories = _Categories(tenant)
    scales = {name: _scale(tenant, name, **terms) for name, terms in company["scales"].items()}
    articles = []
    for row, kind in _rows(company["catalogue"]):
        article = _article(tenant, row, kind, categories.at(row.category))
        _join_family(article, company["families"].get(row.category.split("/")[0]), scales)
        article.fill_keys()
        articles.append(article)
    return {article.name: article for article in tenant.articles.bulk_create(articles)}


def _rows(files: list[str]) -> Iterator[tuple[CatalogueRow, ArticleKind]]:
    for name in files:
        if name == "fixtures.csv":
            yield from ((row, ArticleKind.RENTAL) for row in luminaires())
        else:
            for line in read_table(name):
                kind = ArticleKind(line.pop("kind"))
                yield CatalogueRow(**line), kind


class _Categories:
    """The tree of categories, grown as paths such as "Ton/Mikrofone" are asked for."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._known: dict[str, Category] = {}

    def at(self, path: str) -> Category:
        if path not in self._known:
            above, _, name = path.rpartition("/")
            parent = self.at(above) if above else None
            self._known[path] = create_category(tenant=self._tenant, name=name, parent=parent)
        return self._known[path]


def _scale(tenant: Tenant, name: str, *, steps: list[tuple[int, str]], extra_day_factor: str) -> FactorScale:
    exact = [(days, Decimal(factor)) for days, factor in steps]
    return create_scale(tenant=tenant, name=name, steps=exact, extra_day_factor=Decimal(extra_day_factor))


def _article(tenant: Tenant, row: CatalogueRow, kind: ArticleKind, category: Category) -> Article:
    return Article(
        tenant=tenant,
        number=row.number,
        name=row.name,
        description=row.description,
        category=category,
        manufacturer=row.manufacturer,
        manufacturer_part_number=row.part_number,
        gtin=row.gtin,
        kind=kind,
        weight_kg=Decimal(row.weight_kg) if row.weight_kg else None,
        rental_price=Decimal(row.price),
        owned=int(row.owned),
        out_of_service=int(row.out_of_service),
    )


def _join_family(article: Article, family: dict[str, Any] | None, scales: dict[str, FactorScale]) -> None:
    if family is None or article.kind == ArticleKind.SALE:
        return
    article.factor_scale = scales[family["scale"]]
    article.buffer_before_minutes, article.buffer_after_minutes = family["before"], family["after"]
