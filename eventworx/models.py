"""Models of the ground floor."""

from eventworx.audit import AuditEntry, AuditHead
from eventworx.limits import HitCount

__all__ = ["AuditEntry", "AuditHead", "HitCount"]
