"""Pages of the inbox (everybody's own) and of the mail log (sales and administrators)."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from eventworx.messaging import inbox as inboxes
from eventworx.messaging.mail import retry_mail
from eventworx.messaging.models import MailQuerySet, MailState
from eventworx.tenants.access import TenantRequest, may, member_required
from eventworx.tenants.roles import Permission
from eventworx.web.pages import page_of


def _mails(request: TenantRequest) -> MailQuerySet:
    return request.tenant.mails.visible_to(request.membership)


@member_required
def inbox(request: TenantRequest) -> HttpResponse:
    rows = request.tenant.inbox_messages.to(request.user).newest_first()
    page = page_of(request, rows.unread() if request.GET.get("unread") else rows)
    template = "messaging/_inbox.html" if request.htmx else "messaging/inbox.html"
    return render(request, template, {"page": page})


@member_required
def message(request: TenantRequest, pk: int) -> HttpResponse:
    """Reading it: on to what it is about, or here if it is about itself."""
    found = get_object_or_404(request.tenant.inbox_messages.to(request.user), pk=pk)
    inboxes.mark_read(message=found, now=timezone.now())
    return redirect(found.link) if found.link else render(request, "messaging/message.html", {"message": found})


@require_POST
@member_required
def read_all(request: TenantRequest) -> HttpResponse:
    inboxes.mark_all_read(tenant=request.tenant, user=request.user, now=timezone.now())
    return redirect(request.tenant.url("messaging:inbox"))


@may(Permission.READ_MAILS)
def mails(request: TenantRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    page = page_of(request, _mails(request).in_state(state).newest_first())
    template = "messaging/_mails.html" if request.htmx else "messaging/mails.html"
    return render(request, template, {"page": page, "state": state, "states": MailState.choices})


@may(Permission.READ_MAILS)
def mail(request: TenantRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(_mails(request).select_related("contact", "created_by"), pk=pk)
    names = found.attachments.order_by("pk").values_list("name", flat=True)
    return render(request, "messaging/mail.html", {"mail": found, "attachments": names})


@may(Permission.READ_MAILS)
def mail_state(request: TenantRequest, pk: int) -> HttpResponse:
    """The state alone, asking again by itself until it is final."""
    found = get_object_or_404(_mails(request), pk=pk)
    return render(request, "messaging/_mail_state.html", {"mail": found})


@require_POST
@may(Permission.READ_MAILS)
def mail_retry(request: TenantRequest, pk: int) -> HttpResponse:
    retry_mail(mail=get_object_or_404(_mails(request), pk=pk), now=timezone.now())
    return redirect(request.tenant.url("messaging:mail", pk))
