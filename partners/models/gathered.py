"""What partners say to a question that is put to all of them at once (mission J2)."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant, User
from partners.models.connections import PartnerConnection
from partners.protocol.wire import Json

KEPT = timedelta(hours=1)


class GatheredQuerySet(models.QuerySet["GatheredAnswer"]):
    def asked_by(self, asker: User) -> Self:
        return self.filter(asker=asker)

    def waiting(self) -> Self:
        return self.filter(answered_at__isnull=True)

    def with_partners(self) -> Self:
        return self.select_related("connection__contact", "connection__tenant")

    def in_order(self) -> Self:
        """Partner by partner as they are listed elsewhere, each one's pages one after the other."""
        return self.order_by("connection__contact__sort_key", "connection_id", "page")


class GatheredAnswer(models.Model):
    """One page of one partner's hits, from the moment he is asked; all processes see it, whoever asked.

    `dialog` is the open page that asks, `turn` which of its questions this is, `gathering` the id of that question.
    The next question of a page deletes the rows of the one before, and whoever finds his row gone asks nobody.
    `problem` is a reason of `partners.client` (or of the search) and empty after a good answer; `document` is the
    page of listings as it came.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="gathered_answers")
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="gathered_answers")
    connection = models.ForeignKey(PartnerConnection, on_delete=models.CASCADE, related_name="gathered_answers")
    dialog = models.UUIDField()
    turn = models.BigIntegerField(default=0)
    gathering = models.UUIDField()
    page = models.PositiveSmallIntegerField(default=1)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=30, blank=True)
    document = models.JSONField(null=True, blank=True)

    objects = GatheredQuerySet.as_manager()

    class Meta:
        verbose_name = _("gathered answer")
        verbose_name_plural = _("gathered answers")
        constraints = [
            models.UniqueConstraint(fields=["gathering", "connection", "page"], name="partner_asked_once_per_page")
        ]
        indexes = [
            models.Index(fields=["tenant", "dialog"], name="gathered_by_dialog"),
            models.Index(fields=["asked_at"], name="gathered_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.connection} {self.gathering}: {self.page}"

    def keep(self, *, now: datetime, document: Json = None, problem: str = "") -> None:
        """What he said, or why he said nothing; nothing is kept where a newer question has deleted this row."""
        rows = type(self).objects.filter(pk=self.pk)
        rows.update(answered_at=now, document=document, problem=problem[:30])

    def further(self, *, now: datetime) -> "tuple[GatheredAnswer, bool]":
        """The row of this partner's next page, and whether it was made just now."""
        return type(self).objects.get_or_create(
            gathering=self.gathering,
            connection=self.connection,
            page=self.page + 1,
            defaults={
                "tenant_id": self.tenant_id,
                "asker_id": self.asker_id,
                "dialog": self.dialog,
                "turn": self.turn,
                "asked_at": now,
            },
        )

    @staticmethod
    def begin(
        *,
        tenant: Tenant,
        asker: User,
        dialog: uuid.UUID,
        turn: int,
        connections: models.QuerySet[PartnerConnection],
        now: datetime,
    ) -> "list[GatheredAnswer] | None":
        """The rows of question `turn` to `connections`, instead of those of the page's last one.

        None where that one is newer: a request that its page has given up may come late.
        """
        of_page = tenant.gathered_answers.asked_by(asker).filter(dialog=dialog)
        if of_page.filter(turn__gt=turn).exists():
            return None
        of_page.filter(turn__lte=turn).delete()  # and not what has come since
        question = {"tenant": tenant, "asker": asker, "dialog": dialog, "turn": turn, "asked_at": now}
        question["gathering"] = uuid.uuid4()
        # In the order in which all connections are locked: both hold on to each of them until the transaction ends.
        rows = [GatheredAnswer(connection=connection, **question) for connection in connections.order_by("pk")]
        return GatheredAnswer.objects.bulk_create(rows)

    @staticmethod
    def forgettable(now: datetime) -> GatheredQuerySet:
        """Of all tenants: what no page looks at any more."""
        return GatheredAnswer.objects.filter(asked_at__lt=now - KEPT)
