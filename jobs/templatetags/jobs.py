"""Words of jobs in templates: `{% load jobs %}`."""

from django import template

from jobs.figures import figure

register = template.Library()
register.filter("figure", figure)
