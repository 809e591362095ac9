"""Words of contacts in templates: `{% load contacts %}`."""

from django import template

from eventworx.contacts.countries import country_name

register = template.Library()
register.filter("country_name", country_name)
