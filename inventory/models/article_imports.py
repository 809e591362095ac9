"""Lists of articles that somebody has handed in, and how far each has come (mission E4)."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from eventworx.tenants.models import Tenant

PART_BYTES = 1024 * 1024


class ImportStep(models.TextChoices):
    """What the worker does with a list."""

    READ = "read", _("reading the file")
    CHECK = "check", _("checking")
    IMPORT = "import", _("importing")


class ImportState(models.TextChoices):
    BUSY = "busy", _("in progress")
    READ = "read", _("columns to be assigned")
    CHECKED = "checked", _("checked")
    DONE = "done", _("imported")
    REFUSED = "refused", pgettext_lazy("article list", "refused")
    CANCELLED = "cancelled", pgettext_lazy("article list", "cancelled")
    INTERRUPTED = "interrupted", _("interrupted")


class ArticleImportQuerySet(models.QuerySet["ArticleImport"]):
    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def waiting(self) -> Self:
        """For the worker, the oldest first."""
        return self.filter(state=ImportState.BUSY, claimed_until__isnull=True).order_by("busy_since", "pk")

    def abandoned(self, now: datetime) -> Self:
        """Those whose worker gives no sign of life."""
        return self.filter(state=ImportState.BUSY, claimed_until__lt=now)

    def held_by(self, claimed: "ArticleImport") -> Self:
        """This one, as long as it is this run of the worker that may go on with it."""
        return self.filter(pk=claimed.pk, run=claimed.run, state=ImportState.BUSY)


class ArticleImport(models.Model):
    """A list and what is to become of it. The row is the truth: a worker that lost it writes nothing.

    `sample` are its first lines as read (numbers of workbooks as numbers), `mapping` says by key of a column of
    `inventory.article_lists.columns` its place in the file. `run` counts the workers that took it up. Counts are lines.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="article_imports")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="article_imports"
    )
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)

    state = models.CharField(max_length=20, choices=ImportState.choices, default=ImportState.BUSY)
    step = models.CharField(max_length=10, choices=ImportStep.choices, default=ImportStep.READ)
    busy_since = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    run = models.PositiveIntegerField(default=0)
    percent = models.PositiveSmallIntegerField(default=0)
    lines_read = models.PositiveIntegerField(default=0)

    sample = models.JSONField(default=list)
    header_line = models.PositiveSmallIntegerField(default=1)
    mapping = models.JSONField(default=dict)
    notation = models.CharField(max_length=10, default="comma")
    change_existing = models.BooleanField(default=True)
    create_categories = models.BooleanField(default=False)
    skip_bad_lines = models.BooleanField(default=False)

    new_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    unchanged_count = models.PositiveIntegerField(default=0)
    bad_count = models.PositiveIntegerField(default=0)
    new_categories = models.JSONField(default=list)
    refusal = models.CharField(max_length=40, blank=True)
    refusal_params = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = ArticleImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("article list")
        verbose_name_plural = _("article lists")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state=ImportState.BUSY), name="one_article_list_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="article_imports_by_age"),
            models.Index(fields=["busy_since"], condition=Q(state=ImportState.BUSY), name="article_imports_busy"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return self.tenant.url("inventory:article_import", self.pk)

    @property
    def can_be_mapped(self) -> bool:
        """Whether its columns and options may be changed, and it be checked (again)."""
        ended = {ImportState.READ, ImportState.CHECKED, ImportState.REFUSED, ImportState.INTERRUPTED}
        return self.state in ended and bool(self.sample)

    @property
    def can_be_imported(self) -> bool:
        is_good = self.skip_bad_lines or not self.bad_count
        return self.state == ImportState.CHECKED and is_good and bool(self.new_count + self.changed_count)

    @property
    def is_opening(self) -> bool:
        """Whether a worker still walks through the workbook and cannot say how much is left; CSV is open at once."""
        is_claimed = self.state == ImportState.BUSY and self.claimed_until is not None
        return is_claimed and not (self.encoding or self.percent)

    @property
    def bad_lines_forbid(self) -> bool:
        """Whether it is for its bad lines that nothing is imported."""
        return bool(self.bad_count) and not self.skip_bad_lines

    def become(self, before: Iterable[str], **changes: Any) -> bool:
        """Change it if it is still in one of these states; False if somebody was faster."""
        return bool(self.tenant.article_imports.filter(pk=self.pk, state__in=before).update(**changes))

    def keep_file(self, pieces: Iterable[bytes]) -> None:
        """Write its content down, piece by piece."""
        for position, piece in enumerate(pieces):
            self.parts.create(tenant_id=self.tenant_id, position=position, content=piece)

    def copy_file(self, to: IO[bytes]) -> None:
        """Piece by piece; one that is cancelled meanwhile ends early."""
        position = 0
        while piece := self.parts.filter(position=position).first():
            to.write(piece.content)
            position += 1

    def problems_in_order(self) -> Iterator["ArticleImportProblem"]:
        return self.problems.order_by("line", "pk").iterator(chunk_size=1000)


class ArticleImportPart(models.Model):
    """A piece of the file: in the database, so that web server and worker need no disk in common."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="article_import_parts")
    article_import = models.ForeignKey(ArticleImport, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("part of an article list")
        verbose_name_plural = _("parts of an article list")
        constraints = [models.UniqueConstraint(fields=["article_import", "position"], name="article_import_part_once")]


class ArticleImportProblem(models.Model):
    """What is wrong with a line: `code` and `params` of a refusal, so that everybody reads it in his language."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="article_import_problems")
    article_import = models.ForeignKey(ArticleImport, on_delete=models.CASCADE, related_name="problems")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=40)
    value = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=40)
    params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("problem of an article list")
        verbose_name_plural = _("problems of an article list")
        indexes = [models.Index(fields=["article_import", "line"], name="article_import_problem_lines")]


def claim_import(now: datetime, lease: timedelta) -> ArticleImport | None:
    """The list that waits longest, over all tenants, for the one worker that gets it."""
    for pk in ArticleImport.objects.waiting().values_list("pk", flat=True)[:20]:
        free = ArticleImport.objects.waiting().order_by().filter(pk=pk)
        if free.update(claimed_until=now + lease, run=F("run") + 1, percent=0, lines_read=0):
            return ArticleImport.objects.select_related("tenant").get(pk=pk)
    return None


def give_up_abandoned(now: datetime) -> int:
    """Lists whose worker died: nothing of them was written, and they can be started again. How many."""
    return ArticleImport.objects.abandoned(now).update(state=ImportState.INTERRUPTED, finished_at=now)


def forget_files(before: datetime) -> None:
    """Lists that nobody has gone on with since `before` are cancelled, and no file outlives its list."""
    open_states = [ImportState.READ, ImportState.CHECKED, ImportState.REFUSED, ImportState.INTERRUPTED]
    left = ArticleImport.objects.filter(busy_since__lt=before, state__in=open_states)
    left.update(state=ImportState.CANCELLED, finished_at=F("busy_since"))
    ArticleImportPart.objects.filter(article_import__state=ImportState.CANCELLED).delete()
