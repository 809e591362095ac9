"""Keeps the list of sessions true: who is here was seen just now."""

import time

from allauth.usersessions.models import UserSession
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

SEEN_KEY = "seen_at"
SECONDS_BETWEEN = 300
"""A page costs no write more often than this."""


def note_seen(request: HttpRequest) -> None:
    request.session[SEEN_KEY] = int(time.time())


class SeenMiddleware(MiddlewareMixin):
    """Every session that a login made carries the time when its row was last brought up to date."""

    def process_request(self, request: HttpRequest) -> None:
        seen = request.session.get(SEEN_KEY)
        if seen is not None and time.time() - seen >= SECONDS_BETWEEN and request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
            note_seen(request)
