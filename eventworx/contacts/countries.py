"""Names of countries in the language of the page."""

from babel import Locale
from django.utils.translation import get_language

# Entries of the territory list that are no country: unions, test codes, "unknown".
_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


def country_choices() -> list[tuple[str, str]]:
    """(ISO 3166 code, name), sorted by name; Germany, Austria and Switzerland first."""
    names = Locale.parse(get_language() or "de").territories
    countries = {code: name for code, name in names.items() if len(code) == 2 and code not in _NO_COUNTRY}
    near = [(code, countries.pop(code)) for code in ("DE", "AT", "CH")]
    return near + sorted(countries.items(), key=lambda country: country[1])


def country_name(code: str) -> str:
    """The name of an ISO 3166 code; the code itself where it is unknown."""
    return str(Locale.parse(get_language() or "de").territories.get(code, code))
