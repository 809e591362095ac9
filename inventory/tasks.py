"""What the worker runs of inventory: ids and rows are the truth."""

from celery import shared_task
from django.utils import timezone

from inventory.article_lists.running import work_on_lists


@shared_task
def work_on_article_lists() -> None:
    """Read, check and import the lists that wait."""
    work_on_lists(now=timezone.now())
