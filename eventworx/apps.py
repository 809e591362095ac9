from django.apps import AppConfig
from django.core.checks import register

from eventworx import checks


class EventworxConfig(AppConfig):
    name = "eventworx"

    def ready(self) -> None:
        register(checks.check_deployment, deploy=True)
