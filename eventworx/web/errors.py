"""How an expected failure looks in the browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from eventworx.errors import BusinessError


def render_business_error(request: HttpRequest, error: BusinessError) -> HttpResponse:
    """A page with the sentence; for htmx only the sentence, put into the page's `#alerts`."""
    if getattr(request, "htmx", False):
        response = render(
            request, "components/_alert.html", {"text": str(error), "kind": "danger"}, status=error.status
        )
        response.headers["HX-Retarget"] = "#alerts"
        response.headers["HX-Reswap"] = "innerHTML show:window:top"
        return response
    return render(request, "shell/refused.html", {"error": error}, status=error.status)
