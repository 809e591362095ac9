"""Models of the ground floor."""

from eventworx.audit import AuditEntry

__all__ = ["AuditEntry"]
