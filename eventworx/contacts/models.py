"""Contacts: the companies a tenant deals with, and their people."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant
from eventworx.text import fold, search_words, sort_key


class ContactQuerySet(models.QuerySet["Contact"]):
    def customers(self) -> "ContactQuerySet":
        return self.filter(is_customer=True)

    def suppliers(self) -> "ContactQuerySet":
        return self.filter(is_supplier=True)

    def matching(self, query: str) -> "ContactQuerySet":
        """Contacts in which every word of `query` is found."""
        found = self
        for word in search_words(query):
            found = found.filter(search_key__contains=word)
        return found

    def by_name(self) -> "ContactQuerySet":
        return self.order_by("sort_key", "pk")


class Contact(models.Model):
    """A company or person: customer ("Kunde"), supplier ("Lieferant") or both (mission P1)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="contacts")
    number = models.CharField(_("number"), max_length=30)
    name = models.CharField(_("name"), max_length=200)
    is_customer = models.BooleanField(_("Customer"), default=False)
    is_supplier = models.BooleanField(_("Supplier"), default=False)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    website = models.URLField(_("website"), blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, default="DE")
    language = models.CharField(
        _("language"), max_length=5, choices=[("de", _("German")), ("en", _("English"))], default="de"
    )
    discount_percent = models.DecimalField(
        _("discount in percent"),
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    note = models.TextField(_("note"), blank=True)
    search_key = models.TextField(editable=False, default="")
    sort_key = models.CharField(max_length=200, editable=False, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="contact_number_once"),
            models.CheckConstraint(
                condition=models.Q(is_customer=True) | models.Q(is_supplier=True), name="contact_has_a_role"
            ),
            models.CheckConstraint(
                condition=models.Q(discount_percent__gte=0, discount_percent__lte=100),
                name="contact_discount_is_a_share",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "sort_key"], name="contacts_by_name")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_key = fold(f"{self.number} {self.name} {self.email} {self.postcode} {self.city}")
        self.sort_key = sort_key(self.name)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return self.tenant.url("contacts:detail", self.pk)


class ContactPerson(models.Model):
    """Somebody who works at a contact."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="contact_people")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="people")
    name = models.CharField(_("name"), max_length=200)
    position = models.CharField(_("position"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)

    class Meta:
        verbose_name = _("contact person")
        verbose_name_plural = _("contact people")

    def __str__(self) -> str:
        return self.name
