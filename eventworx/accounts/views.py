"""Pages of a person's own access: second factor, sessions, password. What allauth does is done by its views."""

from collections.abc import Iterator
from typing import Any, cast

from allauth.account.views import PasswordChangeView, PasswordResetFromKeyView
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.base.views import AuthenticateView, IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eventworx.accounts.forms import SetUpForm, actor_in
from eventworx.accounts.notices import Change, tell
from eventworx.accounts.second_factor import remember_step
from eventworx.accounts.sessions import browser_name, end_sessions, live_sessions
from eventworx.tenants.models import User
from eventworx.web.pages import page_of


class LoginCode(AuthenticateView):
    """The second step of the login."""

    def _build_forms(self) -> Any:
        """One form and no passkeys: whatever is posted is a code."""
        data = self.request.POST if self.request.method == "POST" else None
        self.webauthn_form = None
        self.auth_form = self.get_form_class()(user=self.stage.login.user, data=data)
        return self.auth_form


class Overview(IndexView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"demanding": demanding(self.request.user)}


def demanding(user: User) -> list[str]:
    """Names of the companies that demand a second factor of this person."""
    return [member.tenant.name for member in user.memberships.select_related("tenant") if member.needs_second_factor()]


class SetUp(ActivateTOTPView):
    """QR code and secret, for whoever has just proved who they are."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        secret = context["form"].secret
        groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return context | {"secret": groups, "demanding": demanding(self.request.user)}

    @transaction.atomic
    def form_valid(self, form: SetUpForm) -> HttpResponse:
        """Other sessions end: each that is left has shown the second factor or set it up."""
        user = User.objects.select_for_update().get(pk=self.request.user.pk)
        if user.has_second_factor():
            return redirect("mfa_index")
        response = super().form_valid(form)
        totp = Authenticator.objects.get(user_id=user.pk, type=Authenticator.Type.TOTP)
        remember_step(totp, form.step)
        post_authentication(self.request, totp, reauthenticated=True)
        end_sessions(user=user, keep=self.request.session.session_key)
        tell(user=user, actor=actor_in(self.request, user), change=Change.SET_UP)
        return cast(HttpResponse, response)


class Removal(DeactivateTOTPView):
    @transaction.atomic
    def form_valid(self, form: Form) -> HttpResponse:
        tell(user=self.request.user, actor=actor_in(self.request, self.request.user), change=Change.REMOVED)
        return cast(HttpResponse, super().form_valid(form))


class NewRecoveryCodes(GenerateRecoveryCodesView):
    @transaction.atomic
    def form_valid(self, form: Form) -> HttpResponse:
        tell(user=self.request.user, actor=actor_in(self.request, self.request.user), change=Change.CODES_RENEWED)
        return cast(HttpResponse, super().form_valid(form))


class PasswordChange(PasswordChangeView):
    @transaction.atomic
    def form_valid(self, form: Form) -> HttpResponse:
        """Whoever knew the old one is logged out everywhere."""
        response = super().form_valid(form)
        end_sessions(user=self.request.user, keep=self.request.session.session_key)
        tell(user=self.request.user, actor=actor_in(self.request, self.request.user), change=Change.PASSWORD)
        return cast(HttpResponse, response)


class PasswordByMail(PasswordResetFromKeyView):
    @transaction.atomic
    def form_valid(self, form: Form) -> HttpResponse:
        end_sessions(user=self.reset_user)
        tell(user=self.reset_user, actor=actor_in(self.request, self.reset_user), change=Change.PASSWORD)
        return cast(HttpResponse, super().form_valid(form))


# --- sessions --------------------------------------------------------------------------------------
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    page = page_of(request, live_sessions(cast(User, request.user)))
    return render(request, "account/sessions.html", {"page": page, "rows": list(_rows(request, page))})


def _rows(request: HttpRequest, page: Any) -> Iterator[dict[str, Any]]:
    for session in page:
        is_current = session.session_key == request.session.session_key
        yield {"session": session, "browser": browser_name(session.user_agent), "is_current": is_current}


@require_POST
@login_required
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of the own sessions; one's own is ended by logging out."""
    user, current = cast(User, request.user), request.session.session_key
    session = get_object_or_404(live_sessions(user).exclude(session_key=current), pk=pk)
    end_sessions(user=user, only=session.pk)
    messages.success(request, _("The session is ended."))
    return redirect("account_sessions")


@require_POST
@login_required
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    end_sessions(user=cast(User, request.user), keep=request.session.session_key or "")
    messages.success(request, _("All other sessions are ended."))
    return redirect("account_sessions")
