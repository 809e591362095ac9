"""One question to all partners at once: answers as they come, slow and dead ones named (mission J2).

A question makes a row for each partner and a call in one of a few threads; what he says is kept in his row, which
all processes read. The page asks for the rows every now and then, so no request waits for a partner. Each call has
the deadline of partner calls; for who rests it ends before it begins, so he is named at once. The next question of
the same page deletes the rows: calls that still wait their turn find that and are not made.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from eventworx.errors import BusinessError
from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from partners.client import PartnerProblem
from partners.models import GatheredAnswer, PartnerConnection
from partners.search import callers
from partners.search.asking import PausedHere, SearchAnswer, count_of_person, search_partner, sources
from partners.search.replies import QUEUE_FULL, answer_in, rows_of

FIRST_LOOK = 0.3  # seconds that the first look waits for the quick ones
PER_MINUTE = 120  # questions of one person


class TooManyQuestions(BusinessError):
    code = "too-many-questions"
    status = 429
    message = ngettext_lazy(
        "Those were very many searches at all partners. Please wait %(seconds)s second, or choose one partner.",
        "Those were very many searches at all partners. Please wait %(seconds)s seconds, or choose one partner.",
        "seconds",
    )


class NobodyToAsk(BusinessError):
    code = "nobody-to-ask"
    message = _("No partner offers you material at present.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: words, when the goods are away, when they are used."""

    query: str
    period: Period
    usage: Period


def gather(*, tenant: Tenant, asker: User, dialog: UUID, turn: int, wanted: Wanted, now: datetime) -> UUID | None:
    """Put the question to every partner who lends to us; the id of the gathering.

    `turn` says which question of the page `dialog` it is; None where a later one is here already. Returns as soon as
    all have answered, at the latest after FIRST_LOOK. Raises TooManyQuestions, NobodyToAsk.
    """
    count_question(asker=asker, now=now)
    rows = _begin(tenant, asker, dialog, turn, now)
    if rows is None:
        return None
    if not rows:
        raise NobodyToAsk
    _ask(tenant, rows, wanted)
    return rows[0].gathering


@transaction.atomic
def _begin(tenant: Tenant, asker: User, dialog: UUID, turn: int, now: datetime) -> list[GatheredAnswer] | None:
    return GatheredAnswer.begin(
        tenant=tenant, asker=asker, dialog=dialog, turn=turn, connections=sources(tenant), now=now
    )


def gather_further(
    *, tenant: Tenant, asker: User, gathering: UUID, connection_id: UUID, wanted: Wanted, now: datetime
) -> None:
    """Ask one of the partners for his next page; nothing where he has none, or it is asked for already.

    Raises TooManyQuestions; Http404 where this person asked no such question.
    """
    count_question(asker=asker, now=now)
    pages = [row for row in rows_of(tenant, asker, gathering) if row.connection_id == connection_id]
    if not pages:
        raise Http404
    answer = answer_in(pages[-1])
    if answer and answer.next:
        further, is_new = pages[-1].further(now=now)
        _ask(tenant, [further] if is_new else [], wanted, cursor=answer.next)


def count_question(*, asker: User, now: datetime, refusal: type[BusinessError] = TooManyQuestions) -> None:
    """Count what a person asks many partners at once, in whichever way; raises `refusal` for one too many."""
    count_of_person("gathering", asker=asker, most=PER_MINUTE, now=now, refusal=refusal)


def _ask(tenant: Tenant, rows: Iterable[GatheredAnswer], wanted: Wanted, cursor: str = "") -> None:
    """All at once, each in a thread of its own, and wait a moment for the quick ones."""
    started = time.monotonic()
    asked = [
        callers.current.ask(row.connection_id, partial(_put, tenant, row.pk, wanted, cursor, started)) for row in rows
    ]
    callers.wait_for(asked, seconds=FIRST_LOOK)


def _put(tenant: Tenant, row_id: int, wanted: Wanted, cursor: str, started: float) -> None:
    """In a thread: ask one partner, unless a newer question has taken the place of this one; keep what he says."""
    row = tenant.gathered_answers.waiting().with_partners().filter(pk=row_id).first()
    if row is None:
        return
    if time.monotonic() - started > settings.EWX_PARTNER_DEADLINE_SECONDS:
        row.keep(now=timezone.now(), problem=QUEUE_FULL)
        return
    try:
        answer = _asked(row.connection, wanted, cursor)
    except PartnerProblem as problem:
        row.keep(now=timezone.now(), problem=problem.reason)
    except PausedHere as problem:
        row.keep(now=timezone.now(), problem=problem.code)
    else:
        row.keep(now=timezone.now(), document=answer.document)


def _asked(connection: PartnerConnection, wanted: Wanted, cursor: str) -> SearchAnswer:
    return search_partner(
        connection=connection, query=wanted.query, period=wanted.period, usage=wanted.usage, cursor=cursor
    )
