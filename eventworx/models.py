"""Models of the ground floor."""

from eventworx.audit import AuditEntry
from eventworx.limits import HitCount

__all__ = ["AuditEntry", "HitCount"]
