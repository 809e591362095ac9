"""The lock of a job: whoever changes a job or its positions holds it. Taken before articles, never after."""

from jobs.models import Job


def lock_job(job: Job) -> Job:
    """A fresh copy of `job`, locked until the transaction ends.

    Nothing is joined: PostgreSQL, having waited for the lock, would show the new row beside old joined ones.
    """
    return job.tenant.jobs.select_for_update(no_key=True).get(pk=job.pk)
