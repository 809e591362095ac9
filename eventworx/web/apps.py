from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "eventworx.web"
    label = "web"
