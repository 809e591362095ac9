"""The head of a contact and its tab "Partner" (mission P1, P2, P5-P9)."""

import hashlib
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eventworx.contacts.models import Contact
from eventworx.messaging import mail
from eventworx.tenants.access import TenantRequest, actor_of, admin_required, member_required
from partners import connections, outbox
from partners.client import PartnerProblem, sentence
from partners.connections import TooManyTests
from partners.forms.connection import LEVEL_EXPLANATIONS, LevelForm, RolesForm
from partners.models import ConnectionKey, KeySide, KeyState, PartnerConnection
from partners.outbox import DeliveryKind
from partners.pairing import CODE_MAIL, fingerprint, server_name
from partners.views import lending, refusals
from partners.views.deeds import shown
from partners.views.standing import Beside, standing, steps

JOURNAL_LENGTH = 10
WAITING_LENGTH = 30
KEY_TONES = {KeyState.ACTIVE: "good", KeyState.STAGED: "info", KeyState.RETIRING: "warn"}


def contact_of(request: TenantRequest, pk: int) -> Contact:
    return get_object_or_404(request.tenant.contacts.select_related("tenant"), pk=pk)


def connection_of(request: TenantRequest, pk: int) -> PartnerConnection:
    """The open connection of a contact; 404 without one."""
    found = request.tenant.partner_connections.open().select_related("tenant", "contact")
    return get_object_or_404(found, contact_id=pk)


def to_tab(request: TenantRequest, pk: int) -> HttpResponse:
    return redirect(request.tenant.url("partners:tab", pk))


# The head of the contact


@member_required
def contact_header(request: TenantRequest, pk: int) -> HttpResponse:
    return _header(request, contact_of(request, pk))


def _header(request: TenantRequest, contact: Contact, roles: RolesForm | None = None) -> HttpResponse:
    connection = contact.partner_connections.latest_first().first()
    context = {
        "contact": contact,
        "connection": connection,
        "is_on": bool(connection and not connection.paused_at and not connection.closed_at),
        "roles": roles or RolesForm(tenant=request.tenant, initial=_roles_of(contact)),
        "on_tab": _is_on_tab(request, contact),
    }
    return render(request, "partners/_header.html", context)


def _roles_of(contact: Contact) -> dict[str, bool]:
    return {"is_customer": contact.is_customer, "is_supplier": contact.is_supplier}


def _is_on_tab(request: TenantRequest, contact: Contact) -> bool:
    return (request.htmx.current_url_abs_path or "").startswith(request.tenant.url("partners:tab", contact.pk))


@require_POST
@admin_required
def set_roles(request: TenantRequest, pk: int) -> HttpResponse:
    contact = contact_of(request, pk)
    form = RolesForm(request.POST, tenant=request.tenant, initial=_roles_of(contact))
    if form.is_valid():
        roles = {"contact": contact, "actor": actor_of(request), **form.touched}
        if form.attempt(lambda: connections.set_contact_roles(**roles)):
            return _changed(request, contact)
    return _header(request, contact, form)


@require_POST
@admin_required
def switch(request: TenantRequest, pk: int) -> HttpResponse:
    contact, actor, now = contact_of(request, pk), actor_of(request), timezone.now()
    if request.POST.get("on"):
        connections.switch_on(contact=contact, actor=actor, now=now)
    else:
        connections.switch_off(connection=connection_of(request, pk), actor=actor, now=now)
    return _changed(request, contact)


def _changed(request: TenantRequest, contact: Contact) -> HttpResponse:
    """The head anew; the tab "Partner" below it is shown afresh."""
    response = _header(request, contact)
    if _is_on_tab(request, contact):
        response.headers["HX-Refresh"] = "true"
    return response


# The tab


@admin_required
def tab(request: TenantRequest, pk: int) -> HttpResponse:
    contact = contact_of(request, pk)
    connection = contact.partner_connections.latest_first().first()
    if connection is None:
        return redirect(contact)
    context = _tab_context(request, contact, connection)
    html = render_to_string("partners/_standing.html", context, request)
    context |= {"standing_html": html, "shown": hashlib.sha256(html.encode()).hexdigest()[:16]}
    if request.htmx.target != "partner-standing":
        return render(request, "partners/tab.html", context)
    return _standing_anew(request, context)


def _standing_anew(request: TenantRequest, context: dict[str, Any]) -> HttpResponse:
    """The standing alone; nothing (204) where the page shows it already, so that nobody hears it read out again."""
    response = HttpResponse(status=204)
    if request.GET.get("shown") != context["shown"]:
        response = render(request, "partners/_standing_live.html", context)
    if request.GET.get("seen") != context["seen"]:  # other buttons belong to the new state
        response.headers["HX-Refresh"] = "true"
    return response


def _tab_context(request: TenantRequest, contact: Contact, connection: PartnerConnection) -> dict[str, Any]:
    now = timezone.now()
    connection.tenant, connection.contact = request.tenant, contact
    keys = [] if connection.closed_at else _counting(connection, now)
    refused = connections.refusals_of(connection=connection, now=now)
    beside = _beside(connection, keys)
    stands = standing(connection, now, beside)
    is_rotating = any((key.side, key.state) == (KeySide.OWN, KeyState.STAGED) for key in keys)
    return {
        "contact": contact,
        "active_tab": "partner",
        "server_name": server_name(connection.peer_origin),
        "standing": stands,
        "steps": steps(connection, stands),
        "is_code_good": bool(connection.code_expires_at and now < connection.code_expires_at),
        "levels": _levels(connection),
        **lending.shown_in_tab(connection),
        "mail": beside.mail,
        "mail_health": mail.health(tenant=request.tenant),
        "keys": _shown_keys(keys),
        "is_key_lost": beside.is_key_lost,
        "is_rotating": is_rotating,
        "seen": f"{connection.state}-rotating" if is_rotating else str(connection.state),
        "waiting": _waiting(connection),
        "refusals": refusals.in_words(refused),
        "warning": refusals.warning(connection, refused, now),
        "journal": shown(connections.entries_about(contact)[:JOURNAL_LENGTH]),
    }


def _counting(connection: PartnerConnection, now: datetime) -> list[ConnectionKey]:
    """The keys that count for something, ours first, the one in use before the others."""
    order = list(KeyState)
    found = [key for key in connection.keys.exclude(state=KeyState.DESTROYED) if not key.is_retired(now)]
    return sorted(found, key=lambda key: (key.side, order.index(KeyState(key.state))))


def _beside(connection: PartnerConnection, keys: list[ConnectionKey]) -> Beside:
    codes = connection.contact.mails.filter(topic=CODE_MAIL, created_at__gte=connection.created_at)
    return Beside(
        mail=codes.newest_first().first(),
        is_key_lost=any(_is_lost(key) for key in keys),
        refusal="" if connection.connected_at else outbox.refused_pairing(connection=connection),
    )


def _is_lost(key: ConnectionKey) -> bool:
    """Whether we should sign with it and cannot."""
    return (key.side, key.state) == (KeySide.OWN, KeyState.ACTIVE) and not key.opens()


def _shown_keys(keys: list[ConnectionKey]) -> list[dict[str, Any]]:
    return [
        {
            "side": KeySide(key.side).label,
            "fingerprint": fingerprint(bytes(key.public_key)),
            "state": _("cannot be opened") if _is_lost(key) else KeyState(key.state).label,
            "tone": "bad" if _is_lost(key) else KEY_TONES[KeyState(key.state)],
            "since": key.since,
            "until": key.retires_at,
        }
        for key in keys
    ]


def _levels(connection: PartnerConnection) -> list[dict[str, Any]]:
    return [
        {"value": level.value, "label": level.label, "text": text, "chosen": level == connection.level}
        for level, text in LEVEL_EXPLANATIONS.items()
    ]


def _waiting(connection: PartnerConnection) -> list[dict[str, Any]]:
    """What is not delivered yet, each with the reason in words."""
    return [
        {
            "kind": DeliveryKind(delivery.kind).label,
            "since": delivery.created_at,
            "next_at": delivery.next_attempt_at,
            "attempts": delivery.attempts,
            "problem": sentence(delivery.last_problem, str(connection)) if delivery.last_problem else "",
        }
        for delivery in connection.deliveries.unfinished().newest_first()[:WAITING_LENGTH]
    ]


@require_POST
@admin_required
def set_level(request: TenantRequest, pk: int) -> HttpResponse:
    connection, form = connection_of(request, pk), LevelForm(request.POST, tenant=request.tenant)
    if form.is_valid():
        connections.set_level(connection=connection, level=form.cleaned_data["level"], actor=actor_of(request))
        messages.success(request, _("Saved. It holds from the partner's next request on."))
    else:
        messages.error(request, _("This kind of partner connection does not exist."))
    return to_tab(request, pk)


@require_POST
@admin_required
def test(request: TenantRequest, pk: int) -> HttpResponse:
    """ "Verbindung testen": the sentence, good or bad, as a fragment."""
    connection = connection_of(request, pk)
    try:
        connections.test_connection(connection=connection, actor=actor_of(request))
    except (PartnerProblem, TooManyTests) as problem:
        return _result(request, str(problem), "danger")
    return _result(request, _("Test successful"), "success")


def _result(request: TenantRequest, text: str, kind: str) -> HttpResponse:
    return render(request, "components/_alert.html", {"text": text, "kind": kind})


@require_POST
@admin_required
def verify(request: TenantRequest, pk: int) -> HttpResponse:
    connections.verify(
        connection=connection_of(request, pk),
        safety_number=request.POST.get("safety_number", ""),
        actor=actor_of(request),
        now=timezone.now(),
    )
    messages.success(request, _("The safety number is confirmed."))
    return to_tab(request, pk)


@admin_required
def disconnect(request: TenantRequest, pk: int) -> HttpResponse:
    connection = connection_of(request, pk)
    if request.method != "POST":
        context = {"contact": connection.contact, "active_tab": "partner", "connection": connection}
        return render(request, "partners/disconnect.html", context)
    connections.close(connection=connection, actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The connection has ended. Orders and documents stay."))
    return to_tab(request, pk)
