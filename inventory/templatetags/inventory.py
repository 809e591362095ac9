"""Figures of articles in templates: `{% load inventory %}`."""

from django import template

from inventory.prices import trimmed

register = template.Library()
register.filter("trimmed", trimmed)
