"""Figures of articles in templates: `{% load inventory %}`."""

from datetime import datetime

from django import template
from django.utils.formats import date_format, localize
from django.utils.translation import get_language

from inventory.prices import trimmed
from inventory.timeline.windows import Reach

register = template.Library()
register.filter("trimmed", trimmed)

AXIS = {
    Reach.DAY: {"de": "H", "en": "H"},
    Reach.WEEK: {"de": "D j.n.", "en": "D j M"},
    Reach.MONTH: {"de": "j", "en": "j"},
    Reach.QUARTER: {"de": "j.n.", "en": "j M"},
}


@register.filter
def signed(figure: int) -> str:
    """A figure with a minus that is as wide as a plus, not with a hyphen."""
    return str(localize(figure)).replace("-", "−")


@register.filter
def axis_label(start: datetime, reach: Reach) -> str:
    """What a column of a timeline is called: "06" of a day, "Mo 5.7." of a week."""
    language = "de" if (get_language() or "de").startswith("de") else "en"
    return date_format(start, AXIS[reach][language])
