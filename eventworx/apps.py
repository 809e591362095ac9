from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import import_string


class EventworxConfig(AppConfig):
    name = "eventworx"

    def ready(self) -> None:
        # By name: the check asks models, which are not there yet when this file is read.
        register(import_string("eventworx.checks.check_deployment"), deploy=True)
