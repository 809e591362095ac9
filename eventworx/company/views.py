"""Pages of the company's own settings: for administrators only."""

from functools import partial

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eventworx.company.forms import MemberForm, RoleForm, SettingsForm
from eventworx.company.members import invite_member
from eventworx.messaging.mail import queue_mail
from eventworx.tenants import tenants
from eventworx.tenants.access import TenantRequest, actor_of, may
from eventworx.tenants.roles import Permission

admin_only = may(Permission.MANAGE_TENANT)


@admin_only
def settings(request: TenantRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, tenant=request.tenant, initial=model_to_dict(request.tenant))
    form.carry_shown()
    update = partial(tenants.update_settings, tenant=request.tenant, actor=actor_of(request))
    if form.is_valid() and form.attempt(partial(update, **form.touched)) is not None:
        messages.success(request, _("Saved."))
        return redirect(request.tenant.url("tenants:settings"))
    return render(request, "tenants/settings.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@admin_only
def test_mail(request: TenantRequest) -> HttpResponse:
    """A mail to the administrator's own address; the page then shows what becomes of it."""
    mail = queue_mail(
        tenant=request.tenant,
        to=request.user.email,
        topic="test",
        template="test",
        context={},
        language=request.user.language,
        created_by=request.user,
    )
    return render(request, "messaging/_mail_state.html", {"mail": mail})


@admin_only
def members(request: TenantRequest) -> HttpResponse:
    rows = request.tenant.memberships.by_name()
    return render(request, "tenants/members.html", {"members": rows})


@admin_only
def member_create(request: TenantRequest) -> HttpResponse:
    form = MemberForm(request.POST or None, tenant=request.tenant)
    invite = partial(invite_member, tenant=request.tenant, inviter=request.user, actor=actor_of(request))
    if form.is_valid() and (member := form.attempt(partial(invite, **form.cleaned_data))):
        messages.success(request, _("%(email)s is a member now and gets a mail.") % {"email": member.user.email})
        return redirect(request.tenant.url("tenants:members"))
    return render(request, "tenants/member_create.html", {"form": form}, status=422 if form.errors else 200)


@admin_only
def member_edit(request: TenantRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(request.tenant.memberships.select_related("user"), pk=pk)
    form = RoleForm(request.POST or None, tenant=request.tenant, initial={"role": member.role})
    change = partial(tenants.change_role, membership=member, actor=actor_of(request))
    if form.is_valid() and form.attempt(partial(change, **form.cleaned_data)) is not None:
        messages.success(request, _("Saved."))
        return redirect(request.tenant.url("tenants:members"))
    context = {"form": form, "member": member}
    return render(request, "tenants/member_edit.html", context, status=422 if form.errors else 200)


@require_POST
@admin_only
def member_remove(request: TenantRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(request.tenant.memberships.select_related("user"), pk=pk)
    tenants.remove_member(membership=member, actor=actor_of(request))
    messages.success(request, _("%(person)s is no member any more.") % {"person": member.user})
    return redirect(request.tenant.url("tenants:members"))
