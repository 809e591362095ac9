"""Language of the page, and expected failures turned into sentences."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.deprecation import MiddlewareMixin

from eventworx.addresses import is_from_our_proxy
from eventworx.errors import BusinessError
from eventworx.web.errors import render_business_error


class ForwardedMiddleware:
    """That a request came over https is believed from our own proxies only (security.md §1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_from_our_proxy(request):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return self.get_response(request)


class LanguageMiddleware:
    """German, unless the user (or before login the cookie) says otherwise. Never guessed from headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(self._language(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
            return response

    def _language(self, request: HttpRequest) -> str:
        chosen = getattr(request.user, "language", None) or request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


class PartsMiddleware(MiddlewareMixin):
    """One URL answers with a page or with a part of it: the browser's cache must not take one for the other."""

    def process_response(self, _request: HttpRequest, response: HttpResponse) -> HttpResponse:
        patch_vary_headers(response, ["HX-Request"])
        return response


class BusinessErrorMiddleware(MiddlewareMixin):
    """The one handler of expected failures for pages; a form that shows them at its field catches them itself."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, BusinessError):
            return render_business_error(request, exception)
        return None
