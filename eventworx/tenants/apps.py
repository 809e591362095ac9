from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "eventworx.tenants"
    label = "tenants"
