from django.apps import AppConfig


class EventworxConfig(AppConfig):
    name = "eventworx"
