"""Internal messages (the inbox) and the log of every mail that leaves the house."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Permission


class InboxQuerySet(models.QuerySet["InboxMessage"]):
    def to(self, user: User) -> "InboxQuerySet":
        return self.filter(recipient=user)

    def unread(self) -> "InboxQuerySet":
        return self.filter(read_at__isnull=True)

    def newest_first(self) -> "InboxQuerySet":
        return self.order_by("-created_at", "-pk")


class InboxMessage(models.Model):
    """One internal message to one person, in that person's language (mission E5)."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="inbox_messages")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="inbox_messages")
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    link = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = InboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [models.Index(fields=["tenant", "recipient", "read_at"], name="inbox_unread")]

    def __str__(self) -> str:
        return self.subject


class MailState(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")


# Mails that concern administrators alone: nobody else reads or repeats them (mission P7).
ADMIN_TOPICS = frozenset({"partner_code", "account"})


class MailQuerySet(models.QuerySet["MailMessage"]):
    def visible_to(self, membership: Membership) -> "MailQuerySet":
        return self if membership.may(Permission.MANAGE_PARTNERS) else self.exclude(topic__in=ADMIN_TOPICS)

    def newest_first(self) -> "MailQuerySet":
        return self.order_by("-created_at", "-pk")

    def in_state(self, state: str) -> "MailQuerySet":
        """Mails in one state; all of them for any other word."""
        return self.filter(state=state) if state in MailState.values else self

    def due(self, now: datetime) -> "MailQuerySet":
        """Mails to send now, the oldest first; with those whose sender died on the way."""
        waiting = self.filter(state__in=(MailState.QUEUED, MailState.SENDING), next_attempt_at__lte=now)
        return waiting.order_by("next_attempt_at", "pk")

    def attempted_since(self, since: datetime) -> "MailQuerySet":
        return self.filter(created_at__gte=since, attempts__gt=0)


def due_mail_ids(now: datetime) -> list[int]:
    """What the worker has to send, over all tenants."""
    return list(MailMessage.objects.due(now).values_list("pk", flat=True)[:200])


def claim_mail(pk: int, now: datetime, lease: timedelta) -> "MailMessage | None":
    """The mail, if it is due and nobody else has it; ours until `now + lease`.

    One conditional UPDATE: of any number of workers the database lets exactly one through.
    """
    due = MailMessage.objects.filter(pk=pk).due(now).order_by()
    claimed = due.update(state=MailState.SENDING, attempts=models.F("attempts") + 1, next_attempt_at=now + lease)
    return MailMessage.objects.select_related("tenant").get(pk=pk) if claimed else None


class MailMessage(models.Model):
    """A mail: written with the deed that causes it, sent by the worker, kept as a log (mission E5, P3).

    `topic` says in a word what it is about ("partner_code", "partner_order", "test" …); `last_error`
    is the mail server's own sentence.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="mails")
    contact = models.ForeignKey("contacts.Contact", on_delete=models.SET_NULL, null=True, related_name="mails")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="mails")
    topic = models.CharField(max_length=40)
    to = models.EmailField(_("to"))
    sender_name = models.CharField(max_length=80, blank=True)
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="mails_due")]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to}"


class MailAttachment(models.Model):
    """A file that goes with a mail."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="mail_attachments")
    mail = models.ForeignKey(MailMessage, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=100)
    content_type = models.CharField(max_length=100)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.name
