"""Pages outside any tenant: where to go after login, whether we are alive, which language."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from eventworx.tenants.models import User

JUST_NOW = 3600  # seconds for which a choice before the login counts for whoever logs in


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the tenant of whoever has one; a choice for whoever has several."""
    memberships = list(cast(User, request.user).memberships.select_related("tenant").order_by("tenant__name"))
    if len(memberships) == 1:
        return redirect(memberships[0].tenant.url("jobs:dashboard"))
    return render(request, "tenants/choose.html", {"memberships": memberships})


def health(request: HttpRequest) -> HttpResponse:
    """200 while the process serves and the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language: at the user, who may log in only after it, and in a cookie for the pages before."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponse(status=400)
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language, max_age=31_536_000)
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=language)
    else:
        _remember(response, settings.LANGUAGE_CHOSEN_COOKIE_NAME, language, max_age=JUST_NOW)
    return response


def keep_chosen_language(request: HttpRequest, user: User, response: HttpResponse) -> None:
    """Whoever chose a language and then logged in goes on in it, everywhere."""
    chosen = request.COOKIES.get(settings.LANGUAGE_CHOSEN_COOKIE_NAME)
    if chosen in dict(settings.LANGUAGES):
        User.objects.filter(pk=user.pk).update(language=chosen)
        response.delete_cookie(settings.LANGUAGE_CHOSEN_COOKIE_NAME, samesite="Lax")


def _remember(response: HttpResponse, name: str, language: str, *, max_age: int) -> None:
    response.set_cookie(name, language, max_age=max_age, secure=settings.LANGUAGE_COOKIE_SECURE, samesite="Lax")
