"""The company's own pages. Their names begin with `tenants:`, because that is what they show."""

from django.urls import path

from eventworx.company import views

app_name = "tenants"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("test-mail/", views.test_mail, name="test_mail"),
    path("members/", views.members, name="members"),
    path("members/new/", views.member_create, name="member_create"),
    path("members/<int:pk>/", views.member_edit, name="member_edit"),
    path("members/<int:pk>/remove/", views.member_remove, name="member_remove"),
]
