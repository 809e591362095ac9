"""What anybody may read about the API itself: unsigned, and nothing about any company."""

from django.urls import path

from partners.api import reference

app_name = "partner_api"
urlpatterns = [
    path("schema", reference.schema, name="schema"),
    path("docs", reference.docs, name="docs"),
]
