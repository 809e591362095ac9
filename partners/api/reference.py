"""The API described for engineers of other vendors: the OpenAPI document, and a page to read it in."""

import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partners.api.schema import openapi


@require_safe
def schema(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(_written(), content_type="application/json", headers={"Cache-Control": "max-age=3600"})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "partners/api.html")


@cache
def _written() -> bytes:
    return json.dumps(openapi(), separators=(",", ":")).encode()
