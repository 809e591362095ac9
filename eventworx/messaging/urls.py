"""Inbox and mail log."""

from django.urls import path

from eventworx.messaging import views

app_name = "messaging"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="read_all"),
    path("inbox/<int:pk>/", views.message, name="message"),
    path("mails/", views.mails, name="mails"),
    path("mails/<int:pk>/", views.mail, name="mail"),
    path("mails/<int:pk>/state/", views.mail_state, name="mail_state"),
    path("mails/<int:pk>/retry/", views.mail_retry, name="mail_retry"),
]
