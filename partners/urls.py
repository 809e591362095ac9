"""Pages of the partner network, below `/<tenant>/partners/`. What concerns a connection is named by its contact."""

from django.urls import path

from partners.views import pairing, tab

app_name = "partners"
urlpatterns = [
    path("contacts/<int:pk>/header/", tab.contact_header, name="contact_header"),
    path("contacts/<int:pk>/roles/", tab.set_roles, name="set_roles"),
    path("contacts/<int:pk>/switch/", tab.switch, name="switch"),
    path("contacts/<int:pk>/", tab.tab, name="tab"),
    path("contacts/<int:pk>/level/", tab.set_level, name="set_level"),
    path("contacts/<int:pk>/connect/", pairing.connect, name="connect"),
    path("contacts/<int:pk>/send-code/", pairing.send_code, name="send_code"),
    path("contacts/<int:pk>/enter-code/", pairing.enter_code, name="enter_code"),
    path("contacts/<int:pk>/save-code/", pairing.save_code, name="save_code"),
    path("contacts/<int:pk>/test/", tab.test, name="test"),
    path("contacts/<int:pk>/verify/", tab.verify, name="verify"),
    path("contacts/<int:pk>/disconnect/", tab.disconnect, name="disconnect"),
]
