"""Celery: doorbell and clock in production. The work itself lies in rows (architecture, "What leaves the house")."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventworx.settings")
app = Celery("eventworx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
