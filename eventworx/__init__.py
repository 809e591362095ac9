"""The ground floor. Celery is loaded here so that shared tasks find their application."""

from eventworx.celery import app as celery_app

__all__ = ["celery_app"]
