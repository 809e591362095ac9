from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "eventworx.contacts"
    label = "contacts"
