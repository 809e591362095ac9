"""Models of the ground floor."""

from eventworx.audit import AuditEntry, AuditHead
from eventworx.installation import Installation
from eventworx.limits import HitCount

__all__ = ["AuditEntry", "AuditHead", "HitCount", "Installation"]
