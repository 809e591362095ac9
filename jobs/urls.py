from django.urls import path

from jobs.views import jobs as views
from jobs.views import shortages, stock

app_name = "jobs"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("jobs/", views.job_list, name="list"),
    path("jobs/new/", views.create, name="create"),
    path("jobs/<int:pk>/", views.detail, name="detail"),
    path("jobs/<int:pk>/edit/", views.edit, name="edit"),
    path("jobs/<int:pk>/state/", views.set_state, name="set_state"),
    path("jobs/<int:pk>/hold/", stock.hold, name="hold"),
    path("jobs/<int:pk>/hold/release/", stock.hold_release, name="hold_release"),
    path("jobs/<int:pk>/hand-out/", stock.hand_out, name="hand_out"),
    path("jobs/<int:pk>/hand-out/undo/", stock.undo_hand_out, name="undo_hand_out"),
    path("jobs/<int:pk>/take-back/", stock.take_back, name="take_back"),
    path("jobs/<int:pk>/take-back/undo/", stock.undo_take_back, name="undo_take_back"),
    path("jobs/<int:pk>/document.pdf", views.job_pdf, name="job_pdf"),
    path("jobs/<int:pk>/positions/", views.position_list, name="positions"),
    path("jobs/<int:pk>/positions/own/", views.own_material, name="own_material"),
    path("jobs/<int:pk>/positions/text/", views.text_material, name="text_material"),
    path("jobs/<int:pk>/positions/new/", views.position_create, name="position_create"),
    path("jobs/<int:pk>/positions/<int:position_pk>/", views.position_edit, name="position_edit"),
    path("jobs/<int:pk>/positions/<int:position_pk>/delete/", views.position_delete, name="position_delete"),
    path("jobs/<int:pk>/positions/<int:position_pk>/take-over/", stock.take_over, name="take_over"),
    path("jobs/<int:pk>/positions/<int:position_pk>/move/", views.position_move, name="position_move"),
    path("jobs/reservations/<int:pk>/", views.of_reservation, name="of_reservation"),
    path("jobs/orders/<int:pk>.pdf", views.order_pdf, name="order_pdf"),
    path("jobs/contacts/<int:pk>/", views.of_contact, name="of_contact"),
    path("jobs/contacts/<int:pk>/articles/", views.articles_of_supplier, name="articles_of_supplier"),
    path("shortages/", shortages.shortages, name="shortages"),
    path("inquiries/", views.inquiry_list, name="inquiries"),
    path("inquiries/<int:pk>/", views.inquiry, name="inquiry"),
]
