"""What we own: articles, where they lie in the catalogue, what they cost and who else has them."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connection, models
from django.db.models import Count, Q
from django.db.transaction import TransactionManagementError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventworx.contacts.models import Contact
from eventworx.databases import Statement, marks
from eventworx.periods import Period
from eventworx.tenants.models import Tenant
from eventworx.text import ODD_BLANKS, blanks_between, one_line, sort_key
from inventory.models.pictures import Picture
from inventory.spelling import KEY_TEXTS, Wanted, keys_of

# Of rows that others may go on referring to.
LOCK = "FOR NO KEY UPDATE"
_LOCKED = "SELECT id FROM inventory_article WHERE tenant_id = %s AND id IN ({ids}) ORDER BY id {lock}"


class ArticleKind(models.TextChoices):
    RENTAL = "rental", _("rental")
    SALE = "sale", pgettext_lazy("article kind", "sale")


class CategoryQuerySet(models.QuerySet["Category"]):
    def with_article_count(self) -> Self:
        """Each with `article_count`: active articles that lie directly in it."""
        return self.annotate(article_count=Count("articles", filter=Q(articles__archived_at__isnull=True)))

    def by_name(self) -> Self:
        return self.order_by("sort_key", "pk")


class Category(models.Model):
    """A branch of the catalogue."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="categories")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(_("name"), max_length=100)
    sort_key = models.CharField(max_length=100, editable=False, default="")
    article_count: int  # of `with_article_count`

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "parent", "name"], name="category_name_once"),
            # To SQLite every null is different.
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=Q(parent__isnull=True), name="top_category_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sort_key = sort_key(self.name)
        super().save(*args, **kwargs)


class FactorScaleQuerySet(models.QuerySet["FactorScale"]):
    def with_article_count(self) -> Self:
        """Each with `article_count`: active articles that are priced by it."""
        return self.annotate(article_count=Count("articles", filter=Q(articles__archived_at__isnull=True)))

    def by_name(self) -> Self:
        return self.order_by("name", "pk")


class FactorScale(models.Model):
    """Day factors ("Staffel"): what several days cost as a multiple of the day price (mission R6).

    `steps` is `[{"days": 1, "factor": "1"}, {"days": 3, "factor": "2"}, …]`, ascending, days ≥ 1;
    each day beyond the greatest step adds `extra_day_factor`.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="factor_scales")
    name = models.CharField(_("name"), max_length=100)
    steps = models.JSONField(_("steps"), default=list)
    extra_day_factor = models.DecimalField(
        _("factor for each further day"),
        max_digits=8,
        decimal_places=4,
        default=0,
        validators=[MinValueValidator(0)],
    )

    objects = FactorScaleQuerySet.as_manager()

    class Meta:
        verbose_name = _("factor scale")
        verbose_name_plural = _("factor scales")
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="factor_scale_name_once")]

    def __str__(self) -> str:
        return self.name


def _contains(spellings: Iterable[str]) -> Q:
    return Q(*(Q(search_key__contains=spelling) for spelling in spellings), _connector=Q.OR)


class ArticleQuerySet(models.QuerySet["Article"]):
    def active(self) -> Self:
        return self.filter(archived_at__isnull=True)

    def archived(self) -> Self:
        return self.filter(archived_at__isnull=False)

    def matching(self, query: str) -> Self:
        """Articles in which every word of `query` is found, in any order; all where nothing was typed (mission J3).

        `inventory.search` finds the same, the best first, and takes no longer in a large catalogue.
        """
        return self.holding(Wanted.of(query))

    def holding(self, wanted: Wanted) -> Self:
        """The same of a query that was read already."""
        if not wanted.words:
            return self if wanted.is_blank else self.none()
        every_word = Q(*(_contains(spellings) for spellings in wanted.words))
        return self.filter(every_word | _contains([wanted.block]) if wanted.block else every_word)

    def in_categories(self, category_ids: Iterable[int]) -> Self:
        return self.filter(category_id__in=category_ids)

    def of_one_line(self, number: str) -> Self:
        """Articles whose number is this one, whatever blanks are in it."""
        first, *_ = number.split()
        return self.filter(number__contains=first, number__regex=blanks_between(number))

    def oddly_numbered(self) -> dict[str, str]:
        """By their number as one line keeps it, how the numbers are kept that were written down otherwise."""
        rows = self.filter(number__regex=ODD_BLANKS).order_by("-pk").values_list("number", flat=True)
        return {one_line(number): number for number in rows}

    def by_name(self) -> Self:
        return self.order_by("sort_key", "pk")


class Article(models.Model):
    """Something we rent out or sell, counted in units.

    `owned` and `out_of_service` are standing figures; dated changes stand in `StockMovement`.
    Buffers are minutes before and after a use; a reservation freezes them (mission E3). What is sold stays reserved
    until it is handed over, and is owned no longer then.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="articles")
    number = models.CharField(_("number"), max_length=50)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True, max_length=4000)
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="articles",
        verbose_name=_("category"),
    )
    manufacturer = models.CharField(_("manufacturer"), max_length=200, blank=True)
    manufacturer_part_number = models.CharField(_("manufacturer part number"), max_length=100, blank=True)
    gtin = models.CharField(
        _("GTIN"),
        max_length=14,
        blank=True,
        validators=[RegexValidator(r"^\d{8}$|^\d{12,14}$", _("8 or 12 to 14 digits"))],
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ArticleKind.choices, default=ArticleKind.RENTAL)
    unit = models.CharField(_("unit"), max_length=30, default="Stück")
    weight_kg = models.DecimalField(
        _("weight in kg"),
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    rental_price = models.DecimalField(
        _("price per day"), max_digits=12, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    factor_scale = models.ForeignKey(
        FactorScale,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="articles",
        verbose_name=_("factor scale"),
    )
    owned = models.PositiveIntegerField(_("owned"), default=0, validators=[MaxValueValidator(999_999)])
    out_of_service = models.PositiveIntegerField(
        _("out of service"), default=0, validators=[MaxValueValidator(999_999)]
    )
    buffer_before_minutes = models.PositiveIntegerField(
        _("preparation in minutes"), default=0, validators=[MaxValueValidator(43_200)]
    )
    buffer_after_minutes = models.PositiveIntegerField(
        _("turnaround in minutes"), default=0, validators=[MaxValueValidator(43_200)]
    )
    picture = models.OneToOneField(
        Picture, on_delete=models.SET_NULL, null=True, blank=True, related_name="article", verbose_name=_("picture")
    )
    search_key = models.TextField(editable=False, default="")
    sort_key = models.CharField(max_length=200, editable=False, default="")
    shuffle = models.PositiveIntegerField(editable=False, default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="article_number_once"),
            models.CheckConstraint(condition=Q(rental_price__gte=0), name="article_price_not_negative"),
        ]
        indexes = [
            models.Index(fields=["tenant", "sort_key", "id"], name="articles_by_name"),
            models.Index(fields=["tenant", "category"], name="articles_by_category"),
            models.Index(fields=["tenant", "gtin"], name="articles_by_gtin"),
            models.Index(fields=["tenant", "manufacturer_part_number"], name="articles_by_part_number"),
            models.Index(
                fields=["tenant", "shuffle", "id", "search_key"],
                condition=Q(archived_at__isnull=True),
                name="articles_shuffled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fill_keys()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return self.tenant.url("inventory:article", self.pk)

    def fill_keys(self) -> None:
        """What searching and sorting go by; to be called before `bulk_create`, which does not call `save`."""
        for name, key in keys_of([getattr(self, text) for text in KEY_TEXTS]).items():
            setattr(self, name, key)

    @property
    def buffer_before(self) -> timedelta:
        return timedelta(minutes=self.buffer_before_minutes)

    @property
    def buffer_after(self) -> timedelta:
        """What is sold does not come back: it stays away for ever."""
        return timedelta.max if self.kind == ArticleKind.SALE else timedelta(minutes=self.buffer_after_minutes)

    def with_buffers(self, period: Period) -> Period:
        """What has to be free so that the article can be used in `period`; of what is sold, until the end of time."""
        return period.widened(self.buffer_before, self.buffer_after)


def locking(tenant: Tenant, article_ids: Collection[int]) -> Statement:
    """What locks articles until the transaction ends; its rows are their ids.

    In the order of their ids: two who want the same ones cannot wait for each other. The lock does not stand in the way
    of rows that only refer to an article. SQLite, where a transaction lets nobody else write, needs none.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("a lock without a transaction ends at once")
    lock = LOCK if connection.features.has_select_for_no_key_update else ""
    return _LOCKED.format(ids=marks(article_ids) or "NULL", lock=lock), [tenant.pk, *article_ids]


class ArticleSupplier(models.Model):
    """Where an article can be had from: kept up to date by ordering it (mission J5).

    `price` is the one that was seen, with the six decimals of the wire: of cables at a fraction of a cent no cent would
    be left.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="article_suppliers")
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="suppliers")
    supplier = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="supplied_articles")
    supplier_number = models.CharField(_("supplier's article number"), max_length=100, blank=True)
    price = models.DecimalField(
        _("price per day"),
        max_digits=16,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    price_date = models.DateField(_("price of"), null=True, blank=True)

    class Meta:
        verbose_name = _("supplier of an article")
        verbose_name_plural = _("suppliers of an article")
        constraints = [models.UniqueConstraint(fields=["tenant", "article", "supplier"], name="article_supplier_once")]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.supplier_number or self.article}"
