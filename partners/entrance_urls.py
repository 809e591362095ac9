"""Links that partners put into mails: they name an order, not a tenant."""

from django.urls import URLPattern

app_name = "partner_entrance"
urlpatterns: list[URLPattern] = []
