"""Internal messages: to everybody whom a thing concerns, each in their own language (mission E5)."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise

from eventworx.messaging.models import InboxMessage
from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Permission

Words = str | Promise | Callable[[], str]
"""A text that is rendered per recipient: lazy (`gettext_lazy`, `format_lazy`), or a function called in the
recipient's language. `gettext_lazy(…) % values` is not lazy any more."""


@transaction.atomic
def notify(
    *, tenant: Tenant, permission: Permission, subject: Words, body: Words = "", link: str = ""
) -> list[InboxMessage]:
    """One message to each active member who holds `permission`; `link` is a path on this server."""
    members = tenant.memberships.who_may(permission).order_by("pk")
    return [_deliver(member, subject, body, link) for member in members]


def _deliver(member: Membership, subject: Words, body: Words, link: str) -> InboxMessage:
    with translation.override(member.user.language):
        return member.tenant.inbox_messages.create(
            recipient=member.user, subject=_spoken(subject)[:200], body=_spoken(body), link=link
        )


def _spoken(words: Words) -> str:
    return words() if callable(words) else str(words)


def mark_read(*, message: InboxMessage, now: datetime) -> None:
    """Remember the first time its recipient opened it."""
    if message.read_at is None:
        message.read_at = now
        message.save(update_fields=["read_at"])


def mark_all_read(*, tenant: Tenant, user: User, now: datetime) -> int:
    """How many messages of this person were unread until now."""
    return tenant.inbox_messages.to(user).unread().update(read_at=now)
