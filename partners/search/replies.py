"""What has come so far of one question to all partners, as its page shows it (mission J2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from eventworx.tenants.models import Tenant, User
from partners.client import NETWORK, Reason, down_sentence, sentence
from partners.models import GatheredAnswer, PartnerConnection
from partners.protocol.wire import Listing
from partners.search.asking import PausedHere, SearchAnswer, read_answer
from partners.search.merging import Hit, Order, merged

SLOW_AFTER = timedelta(seconds=1.5)
QUEUE_FULL, LOST = "queue-full", "lost"

# What went wrong here, beside the reasons of `partners.client`.
_OWN: dict[str, str | Promise] = {
    PausedHere.code: PausedHere.message,
    QUEUE_FULL: _("%(supplier)s was not asked: too many searches at this partner are under way. Please search again."),
    LOST: _("The answer of %(supplier)s was lost here. Please search again."),
}


class Standing(StrEnum):
    """How it stands with one partner. WAITING: he is being asked. SLOW: still. RESTS: he was not asked."""

    WAITING = "waiting"
    SLOW = "slow"
    ANSWERED = "answered"
    SILENT = "silent"
    RESTS = "rests"
    REFUSED = "refused"

    @property
    def is_open(self) -> bool:
        return self in {Standing.WAITING, Standing.SLOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one partner has said so far. `problem`: the sentence that says what is wrong and who can mend it.

    `seconds`: how long he was waited for. `unreadable`: how many listings of his are left out.
    """

    connection: PartnerConnection
    standing: Standing
    listings: tuple[Listing, ...]
    problem: str
    seconds: int
    has_further: bool
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One question's state: all partners that were asked, and the hits of those who answered, in one order.

    `news` is another text as soon as there is anything new to show.
    """

    gathering: UUID
    asked_at: datetime
    replies: Sequence[Reply]
    hits: Sequence[Hit]
    order: Order
    news: str

    @property
    def answered(self) -> int:
        return sum(reply.standing is Standing.ANSWERED for reply in self.replies)

    @property
    def has_further(self) -> bool:
        """Whether somebody has more than his hits so far."""
        return any(reply.has_further for reply in self.replies)

    @property
    def is_open(self) -> bool:
        """Whether somebody may still answer."""
        return any(reply.standing.is_open for reply in self.replies)


def gathered(*, tenant: Tenant, asker: User, gathering: UUID, order: Order, now: datetime) -> Gathered | None:
    """None where this person asked no such question, or the same page has asked another one since."""
    rows = rows_of(tenant, asker, gathering)
    if not rows:
        return None
    pages = groupby(rows, key=lambda row: row.connection_id)
    replies = [_reply(list(of_one), now) for _connection_id, of_one in pages]
    hits = (
        Hit(connection=reply.connection, listing=listing, rank=rank)
        for reply in replies
        for rank, listing in enumerate(reply.listings)
    )
    return Gathered(
        gathering=gathering,
        asked_at=rows[0].asked_at,
        replies=replies,
        hits=merged(hits, order=order, currency=tenant.currency),
        order=order,
        news=_news(rows, now),
    )


def news_of(*, tenant: Tenant, asker: User, gathering: UUID, now: datetime) -> str:
    """`Gathered.news` without reading the answers; '' where there is no such question any more."""
    rows = tenant.gathered_answers.asked_by(asker).filter(gathering=gathering).defer("document")
    return _news(rows, now)


def rows_of(tenant: Tenant, asker: User, gathering: UUID) -> list[GatheredAnswer]:
    """The rows of a question of this person, partner by partner, each one's pages in order."""
    rows = tenant.gathered_answers.asked_by(asker).filter(gathering=gathering)
    return list(rows.with_partners().in_order())


def answer_in(row: GatheredAnswer) -> SearchAnswer | None:
    """The answer that was kept; None where there is none."""
    if row.answered_at is None or row.problem:
        return None
    return read_answer(row.document, received_at=row.answered_at)


def standing(row: GatheredAnswer, now: datetime) -> Standing:
    """How it stands with one page of one partner."""
    if row.answered_at is None:
        return _standing_of_waiting(now - row.asked_at)
    if not row.problem:
        return Standing.ANSWERED
    if row.problem == Reason.DOWN:
        return Standing.RESTS
    return Standing.SILENT if row.problem in NETWORK else Standing.REFUSED


def _standing_of_waiting(waited: timedelta) -> Standing:
    """The process that asked may be gone: beyond his turn and his deadline nobody is waited for."""
    if waited > timedelta(seconds=2 * settings.EWX_PARTNER_DEADLINE_SECONDS + 2):
        return Standing.REFUSED
    return Standing.SLOW if waited > SLOW_AFTER else Standing.WAITING


def _reply(pages: list[GatheredAnswer], now: datetime) -> Reply:
    """The last page says how it stands; all of them have hits, an article that moved between them once."""
    last, answers = pages[-1], [answer for answer in map(answer_in, pages) if answer]
    state = standing(last, now)
    return Reply(
        connection=last.connection,
        standing=state,
        listings=tuple({listing.id: listing for answer in answers for listing in answer.listings}.values()),
        problem="" if state.is_open or state is Standing.ANSWERED else _problem(last),
        seconds=round(((last.answered_at or now) - last.asked_at).total_seconds()),
        has_further=state is Standing.ANSWERED and bool(answers[-1].next),
        unreadable=sum(answer.unreadable for answer in answers),
    )


def _problem(row: GatheredAnswer) -> str:
    reason, supplier = row.problem or LOST, row.connection.contact
    if reason == Reason.DOWN:
        return down_sentence(row.connection)
    if reason in _OWN:
        return str(_OWN[reason]) % {"supplier": supplier}
    return sentence(reason, str(supplier))


def _news(rows: Iterable[GatheredAnswer], now: datetime) -> str:
    states = [standing(row, now) for row in rows]
    pending = sum(state.is_open for state in states)
    return f"{len(states)}.{pending}.{states.count(Standing.SLOW)}" if states else ""
