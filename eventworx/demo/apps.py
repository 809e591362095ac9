from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "eventworx.demo"
    label = "demo"
