"""Bringing a person into the company: membership and the mail that says so, in one transaction."""

from django.db import transaction
from django.urls import reverse

from eventworx.audit import Actor
from eventworx.messaging.mail import queue_mail
from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Role
from eventworx.tenants.tenants import add_member


@transaction.atomic
def invite_member(
    *,
    tenant: Tenant,
    inviter: User,
    actor: Actor,
    email: str,
    role: Role,
    first_name: str = "",
    last_name: str = "",
) -> Membership:
    """Add a member and tell them by mail; who has no password yet is sent where one is set.

    The mail holds no secret, because the mail log shows it to colleagues. Raises AlreadyMember.
    """
    membership = add_member(
        tenant=tenant, actor=actor, email=email, role=role, first_name=first_name, last_name=last_name
    )
    queue_mail(
        tenant=tenant,
        to=membership.user.email,
        topic="invitation",
        template="invitation",
        context={"membership": membership, "inviter": inviter, "path": _way_in(membership.user)},
        language=membership.user.language,
        created_by=inviter,
    )
    return membership


def _way_in(user: User) -> str:
    return reverse("entrance:home" if user.has_usable_password() else "account_reset_password")
