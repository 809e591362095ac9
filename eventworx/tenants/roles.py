"""Roles of a member and what each may do: one table (mission E1, P7)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    ADMIN = "admin", _("Administrator")
    SALES = "sales", _("Sales")
    WAREHOUSE = "warehouse", _("Warehouse")
    READ_ONLY = "read_only", _("Read only")


class Permission(models.TextChoices):
    """What a view can ask for. Reading needs no permission, only membership."""

    MANAGE_TENANT = "manage_tenant"
    MANAGE_PARTNERS = "manage_partners"
    EDIT_CONTACTS = "edit_contacts"
    EDIT_ARTICLES = "edit_articles"
    EDIT_JOBS = "edit_jobs"
    HANDLE_GOODS = "handle_goods"
    READ_MAILS = "read_mails"


MAY: dict[Permission, frozenset[Role]] = {
    Permission.MANAGE_TENANT: frozenset({Role.ADMIN}),
    Permission.MANAGE_PARTNERS: frozenset({Role.ADMIN}),
    Permission.EDIT_CONTACTS: frozenset({Role.ADMIN, Role.SALES}),
    Permission.EDIT_ARTICLES: frozenset({Role.ADMIN, Role.SALES, Role.WAREHOUSE}),
    Permission.EDIT_JOBS: frozenset({Role.ADMIN, Role.SALES}),
    Permission.HANDLE_GOODS: frozenset({Role.ADMIN, Role.SALES, Role.WAREHOUSE}),
    Permission.READ_MAILS: frozenset({Role.ADMIN, Role.SALES}),
}


def roles_with(permission: Permission) -> frozenset[Role]:
    """The roles that hold `permission`."""
    return MAY[permission]
