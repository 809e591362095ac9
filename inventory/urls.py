from django.urls import path

from inventory import views
from inventory.article_lists import views as list_views
from inventory.timeline import views as timeline_views

app_name = "inventory"
urlpatterns = [
    path("articles/", views.article_list, name="articles"),
    path("articles/new/", views.article_create, name="article_create"),
    path("articles/<int:pk>/", views.article_detail, name="article"),
    path("articles/<int:pk>/picture/<int:picture_pk>/", views.article_picture, name="picture"),
    path("articles/<int:pk>/edit/", views.article_edit, name="article_edit"),
    path("articles/<int:pk>/archive/", views.article_archive, name="article_archive"),
    path("articles/<int:pk>/movements/new/", views.movement_create, name="movement_create"),
    path("articles/<int:pk>/movements/<int:movement_pk>/delete/", views.movement_delete, name="movement_delete"),
    path("articles/export/", list_views.article_export, name="article_export"),
    path("articles/lists/", list_views.article_imports, name="article_imports"),
    path("articles/lists/<int:pk>/", list_views.article_import, name="article_import"),
    path("articles/lists/<int:pk>/preview/", list_views.import_preview, name="import_preview"),
    path("articles/lists/<int:pk>/start/", list_views.import_start, name="import_start"),
    path("articles/lists/<int:pk>/restart/", list_views.import_restart, name="import_restart"),
    path("articles/lists/<int:pk>/cancel/", list_views.import_cancel, name="import_cancel"),
    path("articles/lists/<int:pk>/problems/", list_views.import_problems, name="import_problems"),
    path("articles/<int:pk>/timeline/", timeline_views.article_timeline, name="article_timeline"),
    path("articles/<int:pk>/availability/", timeline_views.article_availability, name="article_availability"),
    path("timeline/", timeline_views.timeline, name="timeline"),
    path("articles/categories/", views.category_list, name="categories"),
    path("articles/categories/new/", views.category_create, name="category_create"),
    path("articles/categories/<int:pk>/", views.category_edit, name="category_edit"),
    path("articles/factor-scales/", views.scale_list, name="scales"),
    path("articles/factor-scales/new/", views.scale_create, name="scale_create"),
    path("articles/factor-scales/<int:pk>/", views.scale_edit, name="scale_edit"),
]
