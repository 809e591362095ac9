"""The one signal of the house: what lies above `jobs` may listen, `jobs` does not know who does."""

from django.dispatch import Signal

# Sent after commit with `job` (and sender Job) when periods or state of a job have changed.
job_changed = Signal()
