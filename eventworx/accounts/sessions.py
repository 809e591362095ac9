"""Where a person is logged in: one row per session, which they can end from anywhere (mission E1).

allauth writes the row at the login; its time and address are brought up to date every few minutes.
"""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from eventworx.tenants.models import User

# What a browser calls itself, the more special first: Edge and Opera also say Chrome, all say Safari.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "FxiOS": "Firefox", "CriOS": "Chrome"}
BROWSERS |= {"Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {"iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS X": "macOS"}
SYSTEMS |= {"CrOS": "ChromeOS", "Linux": "Linux"}


def live_sessions(user: User) -> QuerySet[UserSession]:
    """Sessions that still open something, the one seen last first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return UserSession.objects.filter(user_id=user.pk, session_key__in=alive).order_by("-last_seen_at", "-pk")


@transaction.atomic
def end_sessions(*, user: User, keep: str = "", only: int | None = None) -> None:
    """Log the person out everywhere, except in the session with the key `keep`; or in one, by its row's id."""
    rows = UserSession.objects.filter(user_id=user.pk).exclude(session_key=keep)
    if only is not None:
        rows = rows.filter(pk=only)
    Session.objects.filter(session_key__in=list(rows.values_list("session_key", flat=True))).delete()
    rows.delete()


@transaction.atomic
def forget_sessions(*, now: datetime) -> None:
    """Drop the sessions that have run out, and the rows whose session is gone."""
    Session.objects.filter(expire_date__lte=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def browser_name(user_agent: str) -> str:
    """ "Firefox, Windows" from a browser's own words; '' for one that we do not know."""
    parts = (
        next((name for mark, name in marks.items() if mark in user_agent), "")
        for marks in ({f"{mark}/": name for mark, name in BROWSERS.items()}, SYSTEMS)
    )
    return ", ".join(filter(None, parts))
