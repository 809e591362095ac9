"""Making and changing our key, sending our code, entering the partner's (mission P3, P4, P10)."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from eventworx.tenants.access import TenantRequest, actor_of, admin_required
from partners import connections, pairing
from partners.forms.connection import CodeForm
from partners.models import PartnerConnection
from partners.pairing import EnteredCode
from partners.protocol.look_alikes import Oddity
from partners.views.tab import connection_of, contact_of, to_tab

ODDITIES: Mapping[Oddity, str | Promise] = {
    Oddity.MIXED: gettext_lazy(
        "The server name %(server)s mixes letters of several alphabets, as forged names do. Please do not save before "
        "you have compared it with the partner by phone."
    ),
    Oddity.ALIKE: gettext_lazy(
        "The server name %(server)s looks like %(domain)s and is another one. Please do not save before you have "
        "compared it with the partner by phone."
    ),
    Oddity.CONTAINS: gettext_lazy(
        "The server %(server)s bears the name of %(domain)s, but does not belong to that domain. Please ask by phone."
    ),
    Oddity.FOREIGN: gettext_lazy(
        "The server %(server)s does not belong to the mail domain %(domain)s of this contact. That may be right; "
        "please ask by phone."
    ),
    Oddity.INTERNATIONAL: gettext_lazy(
        "The server name holds letters that can look like others. Please compare it with the partner by phone."
    ),
}


@require_POST
@admin_required
def connect(request: TenantRequest, pk: int) -> HttpResponse:
    pairing.start_pairing(contact=contact_of(request, pk), actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The key is made. Now send the code to the partner."))
    return to_tab(request, pk)


@require_POST
@admin_required
def rotate_key(request: TenantRequest, pk: int) -> HttpResponse:
    connections.rotate_key(connection=connection_of(request, pk), actor=actor_of(request), now=timezone.now())
    messages.success(request, _("The new key is made. It counts as soon as the partner's server has it."))
    return to_tab(request, pk)


@admin_required
def send_code(request: TenantRequest, pk: int) -> HttpResponse:
    """The mail as it will be; a POST sends it."""
    connection = connection_of(request, pk)
    if request.method != "POST":
        context = {"contact": connection.contact, "connection": connection, "mail": pairing.code_mail(connection)}
        return render(request, "partners/send_code.html", context)
    pairing.send_code(connection=connection, actor=actor_of(request), sender=request.user, now=timezone.now())
    messages.success(request, _("The e-mail is on its way. Its state stands in the tab."))
    return to_tab(request, pk)


@admin_required
def enter_code(request: TenantRequest, pk: int) -> HttpResponse:
    """ "Eintragen": with "OK" the code is read and shown; nothing is stored."""
    connection, form = connection_of(request, pk), CodeForm(request.POST or None, tenant=request.tenant)
    entered = None
    if form.is_valid():
        text = form.cleaned_data["code"]
        entered = form.attempt(lambda: pairing.read_code(connection=connection, text=text, now=timezone.now()))
    return _entering(request, connection, form, entered)


@require_POST
@admin_required
def save_code(request: TenantRequest, pk: int) -> HttpResponse:
    connection, form = connection_of(request, pk), CodeForm(request.POST, tenant=request.tenant)
    saved = form.attempt(lambda: _save(request, connection, form.cleaned_data["code"])) if form.is_valid() else None
    if saved:
        messages.success(request, _("Saved. The connection is being established."))
        return to_tab(request, pk)
    return _entering(request, connection, form, None)


def _save(request: TenantRequest, connection: PartnerConnection, text: str) -> PartnerConnection:
    return pairing.save_code(connection=connection, text=text, actor=actor_of(request), now=timezone.now())


def _entering(
    request: TenantRequest, connection: PartnerConnection, form: CodeForm, entered: EnteredCode | None
) -> HttpResponse:
    context = {
        "contact": connection.contact,
        "active_tab": "partner",
        "connection": connection,
        "form": form,
        "entered": entered,
        "oddities": [_said(oddity, entered) for oddity in entered.oddities] if entered else [],
    }
    return render(request, "partners/enter_code.html", context)


def _said(oddity: Oddity, entered: EnteredCode) -> dict[str, str]:
    """What is odd about the server's name, and how grave that is."""
    names = {"server": entered.server_name, "domain": entered.mail_domain}
    return {"text": str(ODDITIES[oddity]) % names, "kind": "info" if oddity is Oddity.FOREIGN else "warning"}
