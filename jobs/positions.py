"""Lines of a job: own material, free text, and what we hire from suppliers ("Bestellposition", mission J5, J7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.errors import BusinessError
from eventworx.money import day_net, discounted, rounded
from inventory import articles
from inventory.models import Article
from jobs import own_stock
from jobs.currency import require_bookable, require_own_currency
from jobs.factors import cost_factor, sale_factor, scale_document, usage_days
from jobs.goods import refuse_gone
from jobs.locks import lock_job
from jobs.models import Job, Position
from jobs.promises import require_kept
from jobs.states import JobState

HIGHEST_PRICE = Decimal(10) ** 10
HIGHEST_FACTOR = Decimal(1_000)
MOST_DIGITS = 15  # which every database keeps exactly


@dataclass(frozen=True, slots=True)
class SupplierTerms:
    """What a supplier said about his article when we picked it; frozen in the position.

    `unit_cost` is his list price per day, `discount_percent` what we get off it, `factors` his (days, factor) steps,
    empty for things sold; `currency` ISO 4217.
    """

    article_id: str
    number: str
    unit_cost: Decimal
    discount_percent: Decimal
    factors: Sequence[tuple[int, Decimal]]
    extra_day_factor: Decimal
    currency: str

    @property
    def are_possible(self) -> bool:
        """Whether a position can hold them; what another server says is not to be trusted."""
        factors = [self.extra_day_factor, *(factor for _, factor in self.factors)]
        return (
            0 <= self.unit_cost < HIGHEST_PRICE
            and rounded(self.unit_cost, self.currency) < HIGHEST_PRICE
            and len(self.unit_cost.normalize().as_tuple().digits) <= MOST_DIGITS
            and 0 <= self.discount_percent <= 100
            and all(0 <= factor < HIGHEST_FACTOR for factor in factors)
        )

    @property
    def net_unit_cost(self) -> Decimal:
        """What one unit costs us for one day, with as many digits as the price has: what is shown and remembered."""
        return day_net(self.unit_cost, self.discount_percent, self.currency)

    @property
    def sale_price(self) -> Decimal:
        """What our customer pays for it a day where we have no price: the same, in the currency's digits."""
        return rounded(discounted(self.unit_cost, self.discount_percent), self.currency)


class PositionChanges(TypedDict, total=False):
    """What may be changed of a position; `sub_rented_quantity` of `quantity` comes from the supplier."""

    description: str
    quantity: int
    sub_rented_quantity: int
    unit_price: Decimal
    discount_percent: Decimal


class NoQuantity(BusinessError):
    code = "no-quantity"
    message = _("A position needs a quantity of at least 1.")
    field = "quantity"


class NothingNamed(BusinessError):
    code = "nothing-named"
    message = _("Choose an article or write what it is about.")
    field = "description"


class MoreSubRentedThanNeeded(BusinessError):
    code = "more-sub-rented-than-needed"
    message = _("Of %(quantity)s at most %(quantity)s can be sub-rented.")
    field = "sub_rented_quantity"


class NoSupplier(BusinessError):
    code = "no-supplier"
    message = _("This position has no supplier: choose the material source “Partner” to hire something.")
    field = "sub_rented_quantity"


class NotASupplier(BusinessError):
    code = "not-a-supplier"
    message = _("%(contact)s is not marked as a supplier.")


class ImpossibleTerms(BusinessError):
    code = "impossible-terms"
    message = _("%(supplier)s names figures that cannot be right. Please ask there before you order.")


class PositionIsOrdered(BusinessError):
    code = "position-ordered"
    status = 409
    message = _("“%(position)s” stands in the order %(order)s: withdraw it first.")


class NothingMoreForWhatIsOver(BusinessError):
    code = "position-over"
    status = 409
    message = _(
        "What “%(position)s” had is back or sold: what is needed in addition (%(more)d) is reserved by a position of "
        "its own. “Add what is more as a position of its own” does it."
    )
    field = "quantity"


class NothingMoreIsNeeded(BusinessError):
    code = "nothing-more"
    message = _("Raise the quantity by what is needed in addition.")
    field = "quantity"


class PositionIsGone(BusinessError):
    code = "position-gone"
    status = 404
    message = _("The position is no longer in the job %(job)s: somebody has removed it.")


class JobIsClosed(BusinessError):
    code = "job-closed"
    status = 409
    message = _("The job %(job)s is cancelled: its positions cannot be changed.")


@transaction.atomic
def add_position(
    *,
    job: Job,
    quantity: int,
    article: Article | None = None,
    description: str = "",
    unit_price: Decimal | None = None,
    discount_percent: Decimal | None = None,
) -> Position:
    """A position of our own: an article (at its list price and the customer's discount, unless given) or free text.

    In an order what is free is reserved at once; the rest shows as shortage.
    Raises NoQuantity, NothingNamed, JobIsClosed.
    """
    if article is None and not description:
        raise NothingNamed
    job = open_job(job)
    position = _new_position(
        job=job,
        article=article,
        description=description or (article.name if article else ""),
        quantity=quantity,
        unit_price=_own_price(article) if unit_price is None else unit_price,
        discount_percent=job.customer.discount_percent if discount_percent is None else discount_percent,
    )
    own_stock.keep(position=position)
    return position


@transaction.atomic
def add_sub_rental_position(
    *,
    job: Job,
    article: Article,
    supplier: Contact,
    quantity: int,
    terms: SupplierTerms,
    unit_price: Decimal | None = None,
    discount_percent: Decimal | None = None,
) -> Position:
    """A position hired from `supplier` as a whole, at his frozen terms; writes him into the article's master data.

    Our customer pays `unit_price`, else the article's own price, else our net cost; day factor and discount (unless
    given, the customer's) are ours.
    Raises ForeignCurrency, NotASupplier, ImpossibleTerms, NoQuantity, AmountTooHigh, JobIsClosed (mission J5, R6).
    """
    require_hireable(job=job, supplier=supplier, terms=terms)
    job = open_job(job)
    position = _new_position(
        job=job,
        article=article,
        description=article.name,
        quantity=quantity,
        unit_price=(article.rental_price or terms.sale_price) if unit_price is None else unit_price,
        discount_percent=job.customer.discount_percent if discount_percent is None else discount_percent,
        sub_rented_quantity=quantity,
        supplier=supplier,
        **frozen(terms, job),
    )
    remember_supplier(article, supplier, terms)
    return position


def require_hireable(*, job: Job, supplier: Contact, terms: SupplierTerms) -> None:
    """Raise ForeignCurrency, NotASupplier or ImpossibleTerms unless we can hire from him at these terms."""
    require_own_currency(tenant=job.tenant, currency=terms.currency)
    if not supplier.is_supplier:
        raise NotASupplier(contact=supplier)
    if not terms.are_possible:
        raise ImpossibleTerms(supplier=supplier)


def frozen(terms: SupplierTerms, job: Job) -> dict[str, Any]:
    """The fields of a position that keep these terms."""
    scale = scale_document(steps=terms.factors, extra_day_factor=terms.extra_day_factor)
    return {
        "supplier_article_id": terms.article_id,
        "supplier_number": terms.number,
        "unit_cost": terms.unit_cost,
        "cost_discount_percent": terms.discount_percent,
        "cost_scale": scale,
        "cost_factor": cost_factor(cost_scale=scale, days=_days(job)),
    }


def freeze_terms(position: Position, terms: SupplierTerms) -> None:
    """Keep them in a position whose part is hired from now on; raises AmountTooHigh."""
    for name, value in frozen(terms, position.job).items():
        setattr(position, name, value)
    _check_quantities(position)


@transaction.atomic
def update_position(*, position: Position, beside: bool = False, **changes: Unpack[PositionChanges]) -> Position:
    """Change a position and keep its reservation in step: less is given back, to others of the job first that lack it,
    more is reserved as far as it is free.

    Where what it had is back or sold nothing can be added to it. With `beside` what is more stands in a position of its
    own right below, at the same price, or NothingMoreIsNeeded; without, raises NothingMoreForWhatIsOver.
    Raises PositionIsOrdered where the sub-rented part of an ordered position would change, JobIsPromised where less
    than an inquiry was confirmed with would be left, GoodsAreOut or GoodsAreSold where more has left the store than
    would be, PositionIsGone.
    """
    job = open_job(position.job)
    position = fresh(position)
    hired, own = position.sub_rented_quantity, position.own_quantity
    for name, value in changes.items():
        setattr(position, name, value)
    _check_quantities(position)
    if position.sub_rented_quantity != hired:
        _refuse_if_ordered(position)
    if position.is_gone and position.own_quantity < position.reserved_quantity:
        refuse_gone(job, [position])
    more = position.own_quantity - max(own, position.reserved_quantity) if position.is_over else 0
    if beside and position.is_over and more < 1:
        raise NothingMoreIsNeeded
    if more > 0:
        if not beside:
            raise NothingMoreForWhatIsOver(position=position.description, more=more)
        _add_beside(position, more)
    position.save()
    if position.own_quantity < position.reserved_quantity:
        own_stock.lock(job=job)
        own_stock.keep(position=position)
        own_stock.pass_on(job=job, article_id=position.article_id)
    else:
        own_stock.keep(position=position)
    require_kept(job)
    return position


def _add_beside(position: Position, quantity: int) -> None:
    """So many units of a position's need stand in one of their own, right below it, and are reserved there."""
    position.quantity -= quantity
    same = ["tenant", "job", "sequence", "article", "description", "unit", "unit_price", "factor", "discount_percent"]
    beside = Position(quantity=quantity, **{name: getattr(position, name) for name in same})
    beside.save()
    own_stock.keep(position=beside)


@transaction.atomic
def remove_position(*, position: Position) -> None:
    """Take a position out of its job and give back what it reserved, to others of the job first that lack it.

    Raises PositionIsOrdered, JobIsPromised, GoodsAreOut, GoodsAreSold, PositionIsGone.
    """
    job = open_job(position.job)
    position = fresh(position)
    _refuse_if_ordered(position)
    if position.is_gone:
        refuse_gone(job, [position])
    if position.reservation:
        own_stock.lock(job=job)
        own_stock.give_back(position=position)
    position.delete()
    own_stock.pass_on(job=job, article_id=position.article_id)
    require_kept(job)


@transaction.atomic
def move_position(*, position: Position, up: bool) -> None:
    """Swap a position with its neighbour above or below; at the end of the list nothing happens.

    Raises PositionIsGone.
    """
    positions = list(open_job(position.job).positions.in_order())
    if position not in positions:
        raise PositionIsGone(job=position.job.number)
    at = positions.index(position)
    to = at - 1 if up else at + 1
    if 0 <= to < len(positions):
        positions[at], positions[to] = positions[to], positions[at]
    for sequence, moved in enumerate(positions, start=1):
        moved.sequence = sequence
    position.job.positions.bulk_update(positions, ["sequence"])


def open_job(job: Job) -> Job:
    """`job`, locked; positions of a cancelled one are history."""
    locked = lock_job(job)
    if locked.state == JobState.CANCELLED:
        raise JobIsClosed(job=locked.number)
    return locked


def fresh(position: Position) -> Position:
    """The position as it stands now that its job is locked. Raises PositionIsGone."""
    return position_of(position.job, position.pk)


def position_of(job: Job, pk: int) -> Position:
    """One that a page shows; raises PositionIsGone, for somebody else may have removed it since."""
    related = "job__tenant", "job__customer", "tenant", "article", "reservation", "supplier"
    found = job.positions.select_related(*related).filter(pk=pk).first()
    if found is None:
        raise PositionIsGone(job=job.number)
    return found


def _new_position(*, job: Job, article: Article | None, **fields: Any) -> Position:
    last = job.positions.aggregate(last=Max("sequence"))["last"] or 0
    position = Position(
        tenant=job.tenant,
        job=job,
        article=article,
        sequence=last + 1,
        unit=article.unit if article else "",
        factor=sale_factor(article=article, days=_days(job)),
        **fields,
    )
    _check_quantities(position)
    position.save()
    return position


def _check_quantities(position: Position) -> None:
    if position.quantity < 1:
        raise NoQuantity
    if position.sub_rented_quantity > position.quantity:
        raise MoreSubRentedThanNeeded(quantity=position.quantity)
    if position.is_sub_rental and position.supplier_id is None:
        raise NoSupplier
    require_bookable(position.net, position.cost)


def _refuse_if_ordered(position: Position) -> None:
    line = position.order_lines.standing().select_related("order").first()
    if line:
        raise PositionIsOrdered(position=position.description, order=line.order.number)


def _own_price(article: Article | None) -> Decimal:
    return article.rental_price if article else Decimal(0)


def _days(job: Job) -> int:
    return usage_days(tenant=job.tenant, usage_period=job.usage_period)


def remember_supplier(article: Article, supplier: Contact, terms: SupplierTerms) -> None:
    articles.set_supplier(
        article=article,
        supplier=supplier,
        supplier_number=terms.number,
        price=terms.net_unit_cost,
        currency=terms.currency,
        price_date=timezone.localdate(timezone=article.tenant.zone),
    )
