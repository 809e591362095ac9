"""What partners may see of ours, and which article of theirs is which of ours."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from inventory.models import Article, Category
from partners.models.connections import PartnerConnection


class Release(models.Model):
    """What a partner may see and order (mission R1): an article, a category with its branches, or everything.

    With `excluded` it takes something away again. A released article wins over an excluded category.
    """

    # A filter marks 100,000 articles at once, so the mark of an article is found at a partner alone, by the constraint
    # below, and on PostgreSQL triggers that look at all marks together are in the place of the keys (migrations 0021
    # to 0025, decision 0015).
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="releases", db_index=False)
    # Found by the constraint below alone: PostgreSQL, unaware that somebody got 100,000 marks a minute ago, would
    # read all of them for each article by an index over connections.
    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="releases", db_index=False)
    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, null=True, blank=True, related_name="releases", db_index=False
    )
    category = models.ForeignKey(
        Category, on_delete=models.CASCADE, null=True, blank=True, related_name="releases", db_index=False
    )
    everything = models.BooleanField(default=False)
    excluded = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        indexes = [
            models.Index(fields=["category"], condition=Q(category__isnull=False), name="releases_of_category"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(article__isnull=False, category__isnull=True, everything=False)
                | Q(article__isnull=True, category__isnull=False, everything=False)
                | Q(article__isnull=True, category__isnull=True, everything=True, excluded=False),
                name="release_names_one_thing",
            ),
            models.UniqueConstraint(fields=["connection", "article"], name="article_released_once"),
            models.UniqueConstraint(
                fields=["connection", "category"],
                condition=Q(category__isnull=False),
                name="category_released_once",
            ),
            models.UniqueConstraint(
                fields=["connection"], condition=Q(everything=True), name="everything_released_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.article or self.category or _("everything"))


class ArticleLinkQuerySet(models.QuerySet["ArticleLink"]):
    def standing(self, partner_article_id: str) -> Self:
        """The link of a partner's article, if our article is still in use."""
        return self.filter(partner_article_id=partner_article_id, article__archived_at__isnull=True)


class ArticleLink(models.Model):
    """A person's decision that a partner's article is one of ours (mission J4)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="article_links")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="article_links")
    partner_article_id = models.CharField(max_length=64)
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="partner_links")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="article_links"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ArticleLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("article link")
        verbose_name_plural = _("article links")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "contact", "partner_article_id"], name="partner_article_linked_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact}: {self.partner_article_id} = {self.article}"


class PartnerListing(models.Model):
    """A partner's article as he last described it to us when somebody picked it (the listing of protocol §4).

    `gone_at`: since then he answers that he has no such article, or none for us.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="partner_listings")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="partner_listings")
    partner_article_id = models.CharField(max_length=64)
    document = models.JSONField()
    fetched_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "contact", "partner_article_id"], name="partner_listing_once")
        ]

    def __str__(self) -> str:
        return f"{self.contact}: {self.partner_article_id}"
