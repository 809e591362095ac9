"""The chain of a tenant's journal: each entry's digest covers its content and the digest before it."""

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import UTC

from django.db import models, transaction

from eventworx.audit.models import START, AuditEntry, AuditHead
from eventworx.rounds import go_round

logger = logging.getLogger(__name__)

BATCH = 500


@dataclass(frozen=True, slots=True)
class ChainProof:
    """What checking a journal found. `broken_at`: the first place that does not fit; None where all does."""

    entries: int
    digest: str
    waiting: int
    broken_at: int | None = None

    @property
    def holds(self) -> bool:
        return self.broken_at is None


def content_of(entry: AuditEntry) -> str:
    """What the digest covers, as one line of JSON: all but the account, which may be deleted one day."""
    said = {
        "id": entry.pk,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor_label,
        "address": entry.address,
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "target": entry.target_label,
        "detail": entry.detail,
    }
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest_of(previous: str, position: int, content: str) -> str:
    """SHA-256 over "previous digest, place, content", one a line, in hexadecimal."""
    return hashlib.sha256(f"{previous}\n{position}\n{content}".encode()).hexdigest()


def chain_everything() -> int:
    """Give every entry that waits its place; how many got one. Safe to run twice at the same time.

    Trouble with one tenant's is raised after the others' turn.
    """
    return sum(go_round(AuditEntry.tenants_to_chain(), _chain_tenant))


def _chain_tenant(tenant_id: int) -> int:
    count = chained = _chain_batch(tenant_id)
    while chained == BATCH:
        chained = _chain_batch(tenant_id)
        count += chained
    return count


@transaction.atomic
def _chain_batch(tenant_id: int) -> int:
    head = AuditHead.locked(tenant_id)
    waiting = AuditEntry.next_to_chain(tenant_id, BATCH)
    for entry in waiting:
        head.position += 1
        head.digest = digest_of(head.digest, head.position, content_of(entry))
        entry.take_place(head.position, head.digest)
    head.save(update_fields=["position", "digest"])
    if waiting:  # whoever keeps the logs elsewhere can prove that the end was cut off
        logger.info("journal of tenant %s: %s entries, digest %s", tenant_id, head.position, head.digest)
    return len(waiting)


@transaction.atomic
def verify_chain(*, tenant: models.Model) -> ChainProof:
    """Recompute the whole chain of a tenant. What was cut off at its end shows while the head is the old one."""
    head = AuditHead.locked(tenant.pk)
    position, digest = 0, START
    for entry in AuditEntry.chain_of(tenant.pk).iterator(BATCH):
        position += 1
        digest = digest_of(digest, position, content_of(entry))
        if (entry.position, entry.digest) != (position, digest):
            return ChainProof(head.position, head.digest, 0, broken_at=position)
    is_whole = (position, digest) == (head.position, head.digest)
    waiting = AuditEntry.count_waiting(tenant.pk)
    return ChainProof(head.position, head.digest, waiting, None if is_whole else position + 1)
