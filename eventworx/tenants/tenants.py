"""What an administrator does to the own company: settings and members (mission E1, P3)."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.tenants.models import RESERVED_SLUGS, Membership, Tenant, User
from eventworx.tenants.roles import Role


class AlreadyMember(BusinessError):
    code = "already_member"
    message = _("This person is a member already.")
    field = "email"


class LastAdministrator(BusinessError):
    code = "last_administrator"
    status = 409
    message = _("This is the last administrator. Make somebody else an administrator first.")
    field = "role"


class NoSecondFactorYourself(BusinessError):
    code = "no_second_factor_yourself"
    status = 409
    message = _("You have no second factor yourself. Set one up first: you would shut yourself out.")
    field = "second_factor_for_admins"


@transaction.atomic
def update_settings(*, tenant: Tenant, actor: Actor, **values: Any) -> Tenant:
    """Write fields of the tenant; the journal keeps old and new of what changed. Raises NoSecondFactorYourself."""
    changed = {name: value for name, value in values.items() if getattr(tenant, name) != value}
    if changed.get("second_factor_for_admins") and isinstance(actor.user, User) and not actor.user.has_second_factor():
        raise NoSecondFactorYourself
    detail = {name: [str(getattr(tenant, name)), str(value)] for name, value in changed.items()}
    for name, value in changed.items():
        setattr(tenant, name, value)
    if changed:
        tenant.save(update_fields=list(changed))
        record(tenant=tenant, actor=actor, action="settings_updated", target=tenant, changed=detail)
    return tenant


@transaction.atomic
def add_member(
    *, tenant: Tenant, actor: Actor, email: str, role: Role, first_name: str = "", last_name: str = ""
) -> Membership:
    """Make a person a member; who is unknown here becomes a user without a password.

    A person known from another company keeps name and password. Raises AlreadyMember.
    """
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = User.objects.create_user(email, first_name=first_name, last_name=last_name, language=tenant.language)
    if tenant.memberships.filter(user=user).exists():
        raise AlreadyMember
    membership = tenant.memberships.create(user=user, role=role)
    record(tenant=tenant, actor=actor, action="member_added", target=membership, role=role)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, actor: Actor, role: Role) -> Membership:
    """Give a member another role. Raises LastAdministrator."""
    before = membership.role
    if role != Role.ADMIN:
        _keep_an_administrator(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    record(tenant=membership.tenant, actor=actor, action="role_changed", target=membership, before=before, after=role)
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, actor: Actor) -> None:
    """End a membership; the person and what they wrote stay. Raises LastAdministrator."""
    _keep_an_administrator(membership)
    record(tenant=membership.tenant, actor=actor, action="member_removed", target=membership, role=membership.role)
    membership.delete()


def _keep_an_administrator(leaving: Membership) -> None:
    """Locks the tenant, so that two administrators cannot send each other away at the same moment."""
    tenant = Tenant.objects.select_for_update().get(pk=leaving.tenant_id)
    others = tenant.memberships.filter(role=Role.ADMIN, user__is_active=True).exclude(pk=leaving.pk)
    if leaving.role == Role.ADMIN and not others.exists():
        raise LastAdministrator


class SlugTaken(BusinessError):
    code = "slug_taken"
    status = 409
    message = _("This short name is taken or reserved.")
    field = "slug"


@transaction.atomic
def create_tenant(*, slug: str, name: str, admin_email: str, actor: Actor) -> Membership:
    """A new company with its first administrator, who sets a password by "Password forgotten". Raises SlugTaken."""
    if slug in RESERVED_SLUGS or Tenant.objects.filter(slug=slug).exists():
        raise SlugTaken
    tenant = Tenant(slug=slug, name=name)
    tenant.full_clean()
    tenant.save()
    return add_member(tenant=tenant, actor=actor, email=admin_email, role=Role.ADMIN)
