"""What the login page asks of the demo."""

from django import template
from django.conf import settings

from eventworx.demo.logins import Login, kept_logins

register = template.Library()


@register.simple_tag
def demo_logins() -> list[Login]:
    """The demo's logins; none on a real installation, whatever lies in its data directory."""
    return kept_logins() if settings.EWX_DEMO else []
