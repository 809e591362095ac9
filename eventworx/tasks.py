"""Background work of the ground floor."""

from celery import shared_task

from eventworx import audit


@shared_task
def chain_journals() -> None:
    """Give new entries of the journals their place in the chain."""
    audit.chain_everything()
