"""Figures as people read them."""

from decimal import Decimal

from django.utils.formats import number_format


def figure(value: Decimal) -> str:
    """A number without idle zeros, with the language's point: "1,5", "1.234"."""
    return number_format(f"{Decimal(value).normalize():f}", force_grouping=True)
