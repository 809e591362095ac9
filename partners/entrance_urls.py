"""Links that partners put into mails: they name an order, not a tenant."""

from django.urls import path

from partners.views import orders

app_name = "partner_entrance"
urlpatterns = [path("orders/<uuid:order_id>", orders.entrance, name="order")]
