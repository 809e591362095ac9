"""Pictures of articles, both ends: ours for a partner, his for us. A browser never talks to a partner (protocol §4)."""

import time
from datetime import datetime

from django.core.cache import caches
from django.http import Http404
from django.utils.translation import ngettext_lazy

from eventworx.errors import BusinessError
from eventworx.tenants.models import User
from inventory.pictures import MEDIA_TYPES, NotAPicture, PictureTooLarge, encoded
from partners import client
from partners.client import PartnerProblem
from partners.models import PartnerConnection
from partners.releases import released_named
from partners.search.asking import count_of_person

DEADLINE_SECONDS = 3.0
HIT_SECONDS, MISS_SECONDS = 3600, 300
PATIENCE, REST_SECONDS = 1.0, 60
PER_MINUTE = 240  # fetched for one person; a partner answers all of us 600 times (security.md §4)
_NONE = b""


class TooManyPictures(BusinessError):
    code = "too-many-pictures"
    status = 429
    message = ngettext_lazy(
        "Those were very many pictures of partners. Please wait %(seconds)s second.",
        "Those were very many pictures of partners. Please wait %(seconds)s seconds.",
        "seconds",
    )


def article_picture(*, connection: PartnerConnection, article_id: str) -> bytes:
    """Our picture of an article for this partner; raises Http404, also for what is not released to him."""
    shown = released_named(connection, [article_id]).filter(picture__isnull=False)
    content = shown.values_list("picture__content", flat=True).first()
    if content is None:
        raise Http404
    return bytes(content)


def partner_picture(*, asker: User, now: datetime, connection: PartnerConnection, article_id: str) -> bytes:
    """The partner's picture of an article, fetched by our server within seconds and encoded anew.

    It is kept for an hour, and for some minutes that there is none. Who takes longer than PATIENCE for one is asked
    for no others for a minute: a table full of his pictures would keep browser and server busy with waiting.
    Raises Http404 where there is none to show, and while the connection is paused here; TooManyPictures where one more
    would have to be fetched for this person.
    """
    if connection.paused_at:
        raise Http404
    kept, key = caches["pictures"], f"{connection.pk}:{article_id}"
    content: bytes | None = kept.get(key)
    if content is None:
        if kept.get(_resting(connection)):
            raise Http404
        count_of_person("pictures", asker=asker, most=PER_MINUTE, now=now, refusal=TooManyPictures)
        content = _fetched(connection, article_id)
        kept.set(key, content, HIT_SECONDS if content else MISS_SECONDS)
    if not content:
        raise Http404
    return content


def _resting(connection: PartnerConnection) -> str:
    return f"rests:{connection.pk}"


def _fetched(connection: PartnerConnection, article_id: str) -> bytes:
    started = time.monotonic()
    try:
        sent = client.fetch(
            connection=connection,
            path=f"/articles/{article_id}/picture",
            media_types=MEDIA_TYPES,
            deadline=DEADLINE_SECONDS,
        )
        return encoded(sent)
    except (PartnerProblem, NotAPicture, PictureTooLarge):
        return _NONE
    finally:
        if time.monotonic() - started > PATIENCE:
            caches["pictures"].set(_resting(connection), True, REST_SECONDS)
