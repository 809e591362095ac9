from django.urls import path

from eventworx.contacts import views

app_name = "contacts"
urlpatterns = [
    path("", views.contact_list, name="list"),
    path("new/", views.create, name="create"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/people/", views.people, name="people"),
    path("<int:pk>/people/new/", views.person_create, name="person_create"),
    path("<int:pk>/people/<int:person_pk>/", views.person_edit, name="person_edit"),
    path("<int:pk>/people/<int:person_pk>/delete/", views.person_delete, name="person_delete"),
]
