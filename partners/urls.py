"""Pages of the partner network, below `/<tenant>/partners/`. What concerns a connection is named by its contact."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.urls import URLPattern, path

from partners.views import covering, gathering, journal, lending, links, material_source, orders, pairing, releases, tab

app_name = "partners"


def _picking(step: str, view: Callable[..., HttpResponseBase]) -> URLPattern:
    """A step on the way from a partner's article to a position of a job."""
    way = f"jobs/<int:pk>/partner/<uuid:connection_id>/<slug:article_id>/{step.replace('_', '-')}/"
    return path(way, view, name=step)


urlpatterns = [
    path("contacts/<int:pk>/header/", tab.contact_header, name="contact_header"),
    path("contacts/<int:pk>/roles/", tab.set_roles, name="set_roles"),
    path("contacts/<int:pk>/switch/", tab.switch, name="switch"),
    path("contacts/<int:pk>/", tab.tab, name="tab"),
    path("contacts/<int:pk>/level/", tab.set_level, name="set_level"),
    path("contacts/<int:pk>/stock/", lending.set_stock_terms, name="set_stock_terms"),
    path("contacts/<int:pk>/limits/", lending.set_guard_rails, name="set_guard_rails"),
    path("contacts/<int:pk>/brake/", lending.brake, name="brake"),
    path("brake/", lending.brake_for_all, name="brake_for_all"),
    path("contacts/<int:pk>/connect/", pairing.connect, name="connect"),
    path("contacts/<int:pk>/rotate-key/", pairing.rotate_key, name="rotate_key"),
    path("contacts/<int:pk>/send-code/", pairing.send_code, name="send_code"),
    path("contacts/<int:pk>/enter-code/", pairing.enter_code, name="enter_code"),
    path("contacts/<int:pk>/save-code/", pairing.save_code, name="save_code"),
    path("contacts/<int:pk>/test/", tab.test, name="test"),
    path("contacts/<int:pk>/verify/", tab.verify, name="verify"),
    path("contacts/<int:pk>/disconnect/", tab.disconnect, name="disconnect"),
    path("contacts/<int:pk>/journal/", journal.journal, name="journal"),
    path("contacts/<int:pk>/journal/export/", journal.journal_export, name="journal_export"),
    path("contacts/<int:pk>/releases/", releases.panel, name="releases"),
    path("contacts/<int:pk>/releases/visible/", releases.visible, name="release_visible"),
    path("contacts/<int:pk>/releases/search/", releases.hits, name="release_search"),
    path("contacts/<int:pk>/releases/add/", releases.add, name="release_add"),
    path("contacts/<int:pk>/releases/mark/", releases.mark_hits, name="release_mark"),
    path("contacts/<int:pk>/releases/view/", releases.view_as_partner, name="view_as_partner"),
    path("contacts/<int:pk>/releases/<int:release_pk>/remove/", releases.remove, name="release_remove"),
    path("cover/", covering.cover, name="cover"),
    path("cover/offers/", covering.cover_offers, name="cover_offers"),
    path("cover/take/", covering.cover_take, name="cover_take"),
    path("jobs/<int:pk>/source/", material_source.material_source, name="material_source"),
    path("jobs/<int:pk>/search/", material_source.hits, name="search"),
    path("jobs/<int:pk>/search/<uuid:gathering>/", gathering.gathered, name="gathered"),
    path("jobs/<int:pk>/search/<uuid:gathering>/<uuid:connection_id>/", gathering.further, name="gathered_further"),
    path("pictures/<uuid:connection_id>/<slug:article_id>/", material_source.picture, name="picture"),
    _picking("pick", material_source.pick),
    _picking("candidates", material_source.candidates),
    _picking("link", material_source.link),
    _picking("new_article", material_source.new_article),
    _picking("proof", material_source.proof),
    _picking("add_position", material_source.add_position),
    path("jobs/<int:pk>/orders/", orders.job_orders, name="job_orders"),
    path("jobs/<int:pk>/orders/status/", orders.order_status, name="order_status"),
    path("jobs/<int:pk>/orders/send/<uuid:connection_id>/", orders.send_order, name="send_order"),
    path("jobs/<int:pk>/orders/<int:order_pk>/withdraw/", orders.withdraw, name="withdraw"),
    path("inquiries/<int:pk>/", orders.inquiry_actions, name="inquiry_actions"),
    path("inquiries/<int:pk>/job/", orders.make_job, name="make_job"),
    path("inquiries/<int:pk>/confirm/", orders.confirm, name="confirm"),
    path("inquiries/<int:pk>/decline/", orders.decline, name="decline"),
    path("links/", links.ledger, name="links"),
    path("links/<int:link_pk>/release/", links.unlink, name="unlink"),
]
