from django.urls import path

from eventworx.demo import views

app_name = "demo"
urlpatterns = [
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/<str:file>/<int:index>/", views.mail, name="mail"),
    path("mailbox/<str:file>/<int:index>/<int:number>/", views.attachment, name="attachment"),
]
