"""The routes below /api/partner/v1. Nothing else answers."""

from django.urls import path

from partners.api.views import catalogue, connection, keys, orders

urlpatterns = [
    path("pairing", connection.PairingView.as_view()),
    path("connection", connection.ConnectionView.as_view()),
    path("connection/notice", connection.NoticeView.as_view()),
    path("keys", keys.KeysView.as_view()),
    path("keys/<slug:keyid>", keys.KeyView.as_view()),
    path("articles", catalogue.ArticlesView.as_view()),
    path("articles/<slug:article_id>", catalogue.ArticleView.as_view()),
    path("articles/<slug:article_id>/picture", catalogue.PictureView.as_view()),
    path("categories", catalogue.CategoriesView.as_view()),
    path("availability", catalogue.AvailabilityView.as_view()),
    path("orders", orders.OrdersView.as_view()),
    path("orders/<uuid:order_id>", orders.OrderView.as_view()),
    path("orders/<uuid:order_id>/commands", orders.CommandsView.as_view()),
    path("order-events", orders.OrderEventsView.as_view()),
]
