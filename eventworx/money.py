"""Arithmetic of prices, the same for our own jobs and between partners. Pure Python.

Rules: partner protocol §4 "Money"; amounts are Decimal and exact until the one rounding at the
end of a line (half-up to the currency's digits); totals are sums of rounded lines.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

# Wide enough that no product of quantity, price, factor and discount is rounded on the way.
_EXACT = Context(prec=120, rounding=ROUND_HALF_UP)
_ONE = Decimal(1)
_HUNDRED = Decimal(100)

# ISO 4217, active codes of national currencies; those with other than two digits stand apart.
_TWO_DIGITS = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
    RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
    USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """.split()
)
_OTHER_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
CURRENCIES = _TWO_DIGITS | _OTHER_DIGITS.keys()
KEPT_DIGITS = 2  # after the point, of what is booked: so many the columns of jobs, inquiries and orders have


def currency_digits(currency: str) -> int:
    """Digits after the point of an ISO 4217 currency: 2 for EUR, 0 for JPY; 2 for an unknown one."""
    return _OTHER_DIGITS.get(currency, 2)


def price_digits(price: Decimal, currency: str) -> int:
    """Digits after the point that the price of one unit has: those that count, the currency's at least."""
    return max(currency_digits(currency), len(f"{price.normalize(_EXACT):f}".partition(".")[2]))


def rounded(amount: Decimal, currency: str) -> Decimal:
    """`amount` half-up to the currency's digits."""
    return _to_digits(amount, currency_digits(currency))


def day_net(price: Decimal, discount_percent: Decimal, currency: str) -> Decimal:
    """A price per day less a discount, to as many digits as the price has itself; nothing is summed up with it."""
    return _to_digits(discounted(price, discount_percent), price_digits(price, currency))


def _to_digits(amount: Decimal, digits: int) -> Decimal:
    return amount.quantize(_ONE.scaleb(-digits), context=_EXACT)


def day_factor(days: int, steps: Iterable[tuple[int, Decimal]], extra_day_factor: Decimal = Decimal(0)) -> Decimal:
    """What a rental of `days` billable days costs in day prices.

    `steps` are (days, factor) in any order: the greatest step ≤ days counts, plus
    `extra_day_factor` for each day beyond it; 1 where no step fits.
    """
    reached = [(step, factor) for step, factor in steps if step <= days]
    if not reached:
        return _ONE
    step, factor = max(reached, key=lambda reached_step: reached_step[0])
    return factor + extra_day_factor * (days - step)


def discounted(amount: Decimal, discount_percent: Decimal) -> Decimal:
    """`amount` less a discount in percent, exact."""
    return _EXACT.multiply(amount, _EXACT.divide(_HUNDRED - discount_percent, _HUNDRED))


def line_net(
    *, quantity: int, unit_price: Decimal, factor: Decimal, discount_percent: Decimal, currency: str
) -> Decimal:
    """quantity × unit price × factor × (1 − discount), rounded once, at the end."""
    gross = _EXACT.multiply(_EXACT.multiply(Decimal(quantity), unit_price), factor)
    return rounded(discounted(gross, discount_percent), currency)
