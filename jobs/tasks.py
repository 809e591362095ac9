"""What the worker does for jobs by the schedule."""

from celery import shared_task
from django.utils import timezone

from eventworx.tenants.models import Tenant
from jobs import free_again, holds


@shared_task
def sweep_holds() -> None:
    """Clear away what options held that ran out some days ago."""
    for tenant in Tenant.objects.order_by("pk"):
        holds.sweep_holds(tenant=tenant, now=timezone.now())


@shared_task
def tell_free() -> None:
    """Say where own stock is free again for what an order lacks or hires."""
    for tenant in Tenant.objects.order_by("pk"):
        free_again.tell_free(tenant=tenant, now=timezone.now())
