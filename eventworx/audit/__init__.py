"""The journal: who did what to which thing, when and from where (mission P7).

Append-only: entries are written with the deed, and chained a moment later, so that a changed, removed or slipped-in
one shows. Kept apart, because a chain within the deed would make all deeds of a tenant wait for each other.
"""

from eventworx.audit.chain import ChainProof, chain_everything, content_of, verify_chain
from eventworx.audit.entries import Actor, record
from eventworx.audit.models import AuditEntry, AuditHead

__all__ = [
    "Actor",
    "AuditEntry",
    "AuditHead",
    "ChainProof",
    "chain_everything",
    "content_of",
    "record",
    "verify_chain",
]
