"""Every URL of the product. Pages of a tenant lie below its short name; the partner API has its own door
(`partners.api.gateway`) and only describes itself here."""

from django.urls import include, path

urlpatterns = [
    path("", include("eventworx.tenants.entrance_urls")),
    path("accounts/", include("eventworx.accounts.urls")),
    path("demo/", include("eventworx.demo.urls")),
    path("api/partner/v1/", include("partners.api.open_urls")),
    path("partner/", include("partners.entrance_urls")),
    path("<slug:tenant_slug>/", include("jobs.urls")),
    path("<slug:tenant_slug>/", include("inventory.urls")),
    path("<slug:tenant_slug>/contacts/", include("eventworx.contacts.urls")),
    path("<slug:tenant_slug>/partners/", include("partners.urls")),
    path("<slug:tenant_slug>/settings/", include("eventworx.company.urls")),
    path("<slug:tenant_slug>/", include("eventworx.messaging.urls")),
]
