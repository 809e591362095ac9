"""The way in: home, health, language."""

from django.urls import path

from eventworx.tenants import entrance

app_name = "entrance"
urlpatterns = [
    path("", entrance.home, name="home"),
    path("healthz", entrance.health, name="health"),
    path("language/", entrance.set_language, name="language"),
]
