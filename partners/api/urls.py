"""The routes below /api/partner/v1. Nothing else answers."""

from django.urls import path

from partners.api.views import connection

urlpatterns = [
    path("pairing", connection.PairingView.as_view()),
    path("connection", connection.ConnectionView.as_view()),
    path("connection/notice", connection.NoticeView.as_view()),
]
