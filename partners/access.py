"""The levels 0-3 ("Art der Partnerverbindung") and what each allows: one table (mission R2, protocol §4).

Pure: knows neither database nor clock.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.periods import Period


class AccessLevel(models.IntegerChoices):
    NONE = 0, _("0 – No access to your stock")
    ARTICLES = 1, _("1 – Offer articles")
    STOCK = 2, _("2 – Offer stock")
    AUTOMATIC = 3, _("3 – Offer stock and reserve automatically")


@dataclass(frozen=True, slots=True)
class Allows:
    """What a partner on a level may do with what was released to him."""

    catalogue: bool = False
    ordering: bool = False
    stock: bool = False
    automatic_reservation: bool = False


ALLOWS: dict[AccessLevel, Allows] = {
    AccessLevel.NONE: Allows(),
    AccessLevel.ARTICLES: Allows(catalogue=True, ordering=True),
    AccessLevel.STOCK: Allows(catalogue=True, ordering=True, stock=True),
    AccessLevel.AUTOMATIC: Allows(catalogue=True, ordering=True, stock=True, automatic_reservation=True),
}

# What is free is found step by step: of a period of centuries, over articles with a long history, one answer took the
# server a quarter of a minute and most of a GiB.
LONGEST_PERIOD = timedelta(days=732)


class PeriodTooLong(BusinessError):
    code = "period-too-long"
    message = _("Partners can be asked for two years at most.")


def is_askable(period: Period) -> bool:
    return period.end - period.start <= LONGEST_PERIOD


PROPOSED_LEVEL = AccessLevel.STOCK


def effective_level(*, level: int, is_customer: bool, is_verified: bool) -> AccessLevel:
    """The level in force: what was chosen, and 0 while the partner is not marked as our customer.

    Nothing is reserved by a machine for somebody whose safety number nobody compared (mission R2, security.md row 1).
    """
    if not is_customer:
        return AccessLevel.NONE
    needs_proof = ALLOWS[AccessLevel(level)].automatic_reservation
    return AccessLevel.STOCK if needs_proof and not is_verified else AccessLevel(level)
