from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "eventworx.messaging"
    label = "messaging"
