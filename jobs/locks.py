"""The lock of a job: whoever changes a job or its positions holds it. Taken before articles, never after."""

from jobs.models import Job


def lock_job(job: Job) -> Job:
    """A fresh copy of `job`, locked until the transaction ends."""
    return job.tenant.jobs.select_for_update(of=("self",)).select_related("tenant", "customer").get(pk=job.pk)
