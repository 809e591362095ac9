"""What the worker does for jobs by the schedule."""

from celery import shared_task
from django.utils import timezone

from eventworx.rounds import go_round
from eventworx.tenants.models import Tenant
from jobs import free_again, holds


@shared_task
def sweep_holds() -> None:
    """Clear away what options held that ran out some days ago."""
    go_round(Tenant.objects.order_by("pk"), lambda one: holds.sweep_holds(tenant=one, now=timezone.now()))


@shared_task
def tell_free() -> None:
    """Say where own stock is free again for what an order lacks or hires."""
    go_round(Tenant.objects.order_by("pk"), lambda one: free_again.tell_free(tenant=one, now=timezone.now()))
