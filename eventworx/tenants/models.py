"""Tenants (companies on this installation), their users, and numbers given in sequence."""

import secrets
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.roles import Permission, Role, roles_with

RESERVED_SLUGS = frozenset({"accounts", "api", "static", "demo", "healthz", "language", "partner", "well-known"})
SECOND_FACTOR = "totp"
"""The kind of allauth's authenticators that makes a second factor."""


def new_wire_id() -> str:
    """A tenant id for partner codes: stable, and telling nothing."""
    return secrets.token_urlsafe(9).replace("-", "_")


class Tenant(models.Model):
    """A company ("Mandant"). Every other row of the product belongs to one."""

    slug = models.SlugField(_("short name"), max_length=40, unique=True)
    name = models.CharField(_("company"), max_length=80)
    wire_id = models.CharField(
        max_length=64, unique=True, default=new_wire_id, validators=[RegexValidator(r"^[A-Za-z0-9_-]{1,64}$")]
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    time_zone = models.CharField(_("time zone"), max_length=60, default="Europe/Berlin")
    language = models.CharField(_("language"), max_length=5, default="de")
    tax_percent = models.DecimalField(
        _("tax rate in percent"),
        max_digits=5,
        decimal_places=2,
        default=19,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, default="DE")
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    mail_sender_name = models.CharField(_("sender name"), max_length=80, blank=True)
    mail_reply_to = models.EmailField(_("reply address"), blank=True)
    second_factor_for_admins = models.BooleanField(_("second factor for administrators"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")

    def __str__(self) -> str:
        return self.name

    def url(self, name: str, *args: Any) -> str:
        """The path of a page of this tenant: `tenant.url("jobs:detail", 17)`."""
        return reverse(name, args=(self.slug, *args))

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractUser):
    """A person who logs in with an e-mail address; what they may do lies in their memberships."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    language = models.CharField(_("language"), max_length=5, default="de")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[misc,assignment]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def has_second_factor(self) -> bool:
        """Whether the login asks for a code; recovery codes alone are none."""
        return User.objects.filter(pk=self.pk, authenticator__type=SECOND_FACTOR).exists()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def who_may(self, permission: Permission) -> "MembershipQuerySet":
        """Members of active users whose role holds `permission`."""
        return self.filter(role__in=roles_with(permission), user__is_active=True).select_related("user")

    def by_name(self) -> "MembershipQuerySet":
        """With their users, in the order of a list of people; `has_second_factor` says who has one."""
        with_factor = User.objects.filter(pk=models.OuterRef("user_id"), authenticator__type=SECOND_FACTOR)
        rows = self.select_related("user").annotate(has_second_factor=models.Exists(with_factor))
        return rows.order_by("user__last_name", "user__first_name", "user__email")


class Membership(models.Model):
    """A user's role in a tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="one_role_per_member")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    def may(self, permission: Permission) -> bool:
        return self.role in roles_with(permission)

    def needs_second_factor(self) -> bool:
        """Whether the company demands one of this member."""
        return self.role == Role.ADMIN and self.tenant.second_factor_for_admins

    def lacks_second_factor(self) -> bool:
        """Whether the member must set one up before they reach anything of the company."""
        return self.needs_second_factor() and not self.user.has_second_factor()


class NumberSequence(models.Model):
    """The next number of a kind of document; written by `eventworx.tenants.numbers` only."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="number_sequences")
    kind = models.CharField(max_length=20)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "kind"], name="one_sequence_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.last}"
