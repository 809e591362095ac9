"""Which installation this is, and whether it is a copy (security.md §2).

An id lies in the database and in a file beside the key ring. Whoever copies one without the other has a copy:
the partner network is in quarantine there, so that a test system made of production data neither answers for the
company nor writes to its partners and customers. An operator ends it by saying that this is the only one.
"""

import logging
import math
import re
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from eventworx import secret_files
from eventworx.audit import Actor, record
from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant

logger = logging.getLogger(__name__)

LOOK_AGAIN_AFTER = 5.0  # seconds
ADOPTED = "installation_adopted"
_ID = re.compile(r"[0-9a-f]{32}")


class Standing(StrEnum):
    """How the two ids stand to each other; all but the first mean quarantine. The text is for operators."""

    ORIGINAL = "database and file name the same installation"
    FILE_MISSING = "the database belongs to an installation whose file is not here"
    OTHER_ID = "the database belongs to another installation than the file"
    FILE_UNUSABLE = "the file cannot be read or written, or holds no id"


class NothingToAdopt(BusinessError):
    code = "nothing-to-adopt"
    status = 409
    message = _("This installation is no copy; there is nothing to adopt.")


class InstanceFileUnusable(BusinessError):
    code = "instance-file"
    status = 409
    message = _("The file %(path)s cannot be written: %(why)s.")


class Installation(models.Model):
    """The one row that names this installation."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    instance_id = models.CharField(max_length=32)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    def __str__(self) -> str:
        return self.instance_id[:8]


class Watch:
    """The standing as it was a few seconds ago: what every request and every delivery asks costs next to nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._standing, self._until = clock, Standing.ORIGINAL, -math.inf

    def in_quarantine(self) -> bool:
        if self._clock() >= self._until:
            before, self._standing = self._standing, look()
            self._until = self._clock() + LOOK_AGAIN_AFTER
            if self._standing is not before:
                logger.error("installation: %s", self._standing.value)
        return self._standing is not Standing.ORIGINAL


watch = Watch()


def in_quarantine() -> bool:
    """Whether nothing may pass between this installation and partners or customers."""
    return watch.in_quarantine()


def look() -> Standing:
    """The standing at this moment; the first start of an installation gives it its id."""
    row = Installation.objects.filter(pk=1).first()
    try:
        if row is None:
            secret_files.create_once(settings.EWX_INSTANCE_FILE, lambda: uuid.uuid4().hex)
        kept = _kept_id(settings.EWX_INSTANCE_FILE)
    except FileNotFoundError:
        return Standing.FILE_MISSING
    except (OSError, ValueError):
        return Standing.FILE_UNUSABLE
    if row is None:
        row, _is_new = Installation.objects.get_or_create(pk=1, defaults={"instance_id": kept})
    return Standing.ORIGINAL if row.instance_id == kept else Standing.OTHER_ID


def _kept_id(path: Path) -> str:
    kept = path.read_text(encoding="ascii").strip()
    if not _ID.fullmatch(kept):
        raise ValueError("no instance id")
    return kept


@transaction.atomic
def adopt(*, actor: Actor, now: datetime) -> Installation:
    """This is the only one: a fresh id in both places ends the quarantine, and any copy of it is one from now on.

    Also where a fresh database met a file without an id. Raises NothingToAdopt, InstanceFileUnusable. A process
    killed on the way leaves the quarantine as it was.
    """
    row = Installation.objects.select_for_update().filter(pk=1).first()
    standing = look()
    if standing is Standing.ORIGINAL:
        raise NothingToAdopt
    row = row or Installation.objects.get_or_create(pk=1)[0]
    before, row.instance_id, row.since = row.instance_id, uuid.uuid4().hex, now
    row.save(update_fields=["instance_id", "since"])
    for tenant in Tenant.objects.order_by("pk"):
        record(tenant=tenant, actor=actor, action=ADOPTED, target=tenant, because=standing.name, instance=str(row))
    _write(settings.EWX_INSTANCE_FILE, row.instance_id)
    logger.warning("installation adopted: instance %s instead of %s, by %s", row, before[:8], actor.label)
    return row


def _write(path: Path, instance_id: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with secret_files.locked(path.parent):
            secret_files.write(path, instance_id)
    except OSError as error:
        raise InstanceFileUnusable(path=path, why=error.strerror) from error
