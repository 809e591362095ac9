"""The states of an order as data (protocol §7): the same table for both sides."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, StrEnum

from partners.protocol.errors import ProtocolError


class State(StrEnum):
    REQUESTED = "requested"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    CANCEL_REQUESTED = "cancel_requested"
    CHANGE_REQUESTED = "change_requested"
    CHANGE_PROPOSED = "change_proposed"
    DISPATCHED = "dispatched"
    RETURNED = "returned"
    CLOSED = "closed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What moves an order; the names are those of commands and order events on the wire."""

    CREATE = "create"
    CONFIRM = "confirm"
    DECLINE = "decline"
    PROPOSE = "propose"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    REQUEST_CANCEL = "request_cancel"
    REQUEST_CHANGE = "request_change"
    AGREE = "agree"
    REFUSE = "refuse"
    PROPOSE_CHANGE = "propose_change"
    CANCEL = "cancel"
    DISPATCH = "dispatch"
    UNDO_DISPATCH = "undo_dispatch"
    RETURN = "return"
    CLOSE = "close"


class Party(StrEnum):
    BUYER = "buyer"
    SUPPLIER = "supplier"
    CLOCK = "clock"  # the supplier's: valid_until has passed


class Terms(Enum):
    """What becomes of the terms that are on the table."""

    KEEP = "keep"  # what was agreed stays as it is
    TAKE = "take"  # the answer or proposal becomes what is agreed
    DROP = "drop"  # the proposal falls, what was agreed stays


@dataclass(frozen=True, slots=True)
class Transition:
    target: State
    by: Party
    terms: Terms = Terms.KEEP


class WrongState(ProtocolError):
    """The event does not fit the state, or is not this party's to cause: answer 409 `state`."""

    def __init__(self, state: str | None, event: str, by: Party) -> None:
        super().__init__(f"{event} by {by} in state {state or 'none'}")
        self.state = state
        self.event = event
        self.by = by


_S, _E = State, Event
_BUYER, _SUPPLIER, _CLOCK = Party.BUYER, Party.SUPPLIER, Party.CLOCK

# An automatic confirmation (level 3, every line free) is create and, in the same transaction, confirm.
TRANSITIONS: dict[tuple[State | None, Event], Transition] = {
    (None, _E.CREATE): Transition(_S.REQUESTED, _BUYER),
    (_S.REQUESTED, _E.CONFIRM): Transition(_S.CONFIRMED, _SUPPLIER),
    (_S.REQUESTED, _E.DECLINE): Transition(_S.DECLINED, _SUPPLIER),
    (_S.REQUESTED, _E.PROPOSE): Transition(_S.PROPOSED, _SUPPLIER),
    (_S.REQUESTED, _E.WITHDRAW): Transition(_S.WITHDRAWN, _BUYER),
    (_S.REQUESTED, _E.EXPIRE): Transition(_S.EXPIRED, _CLOCK),
    (_S.PROPOSED, _E.PROPOSE): Transition(_S.PROPOSED, _SUPPLIER),
    (_S.PROPOSED, _E.ACCEPT): Transition(_S.CONFIRMED, _BUYER, Terms.TAKE),
    (_S.PROPOSED, _E.WITHDRAW): Transition(_S.WITHDRAWN, _BUYER),
    (_S.PROPOSED, _E.EXPIRE): Transition(_S.EXPIRED, _CLOCK),
    (_S.CONFIRMED, _E.REQUEST_CANCEL): Transition(_S.CANCEL_REQUESTED, _BUYER),
    (_S.CONFIRMED, _E.REQUEST_CHANGE): Transition(_S.CHANGE_REQUESTED, _BUYER),
    (_S.CONFIRMED, _E.PROPOSE_CHANGE): Transition(_S.CHANGE_PROPOSED, _SUPPLIER),
    (_S.CONFIRMED, _E.CANCEL): Transition(_S.CANCELLED, _SUPPLIER),
    (_S.CONFIRMED, _E.DISPATCH): Transition(_S.DISPATCHED, _SUPPLIER),
    (_S.CANCEL_REQUESTED, _E.AGREE): Transition(_S.CANCELLED, _SUPPLIER),
    (_S.CANCEL_REQUESTED, _E.REFUSE): Transition(_S.CONFIRMED, _SUPPLIER),
    (_S.CANCEL_REQUESTED, _E.CANCEL): Transition(_S.CANCELLED, _SUPPLIER),
    (_S.CHANGE_REQUESTED, _E.AGREE): Transition(_S.CONFIRMED, _SUPPLIER, Terms.TAKE),
    (_S.CHANGE_REQUESTED, _E.REFUSE): Transition(_S.CONFIRMED, _SUPPLIER, Terms.DROP),
    (_S.CHANGE_REQUESTED, _E.PROPOSE_CHANGE): Transition(_S.CHANGE_PROPOSED, _SUPPLIER),
    (_S.CHANGE_REQUESTED, _E.WITHDRAW): Transition(_S.CONFIRMED, _BUYER, Terms.DROP),
    (_S.CHANGE_REQUESTED, _E.CANCEL): Transition(_S.CANCELLED, _SUPPLIER, Terms.DROP),
    (_S.CHANGE_PROPOSED, _E.ACCEPT): Transition(_S.CONFIRMED, _BUYER, Terms.TAKE),
    (_S.CHANGE_PROPOSED, _E.REFUSE): Transition(_S.CONFIRMED, _BUYER, Terms.DROP),
    (_S.CHANGE_PROPOSED, _E.EXPIRE): Transition(_S.CONFIRMED, _CLOCK, Terms.DROP),
    (_S.CHANGE_PROPOSED, _E.CANCEL): Transition(_S.CANCELLED, _SUPPLIER, Terms.DROP),
    (_S.DISPATCHED, _E.UNDO_DISPATCH): Transition(_S.CONFIRMED, _SUPPLIER),
    (_S.DISPATCHED, _E.RETURN): Transition(_S.RETURNED, _SUPPLIER),
    (_S.RETURNED, _E.CLOSE): Transition(_S.CLOSED, _SUPPLIER),
}

_TABLE: dict[tuple[str | None, str], Transition] = dict(TRANSITIONS.items())

# What a buyer may ask for (POST /orders/{id}/commands) and what a supplier reports (POST /order-events).
COMMANDS = frozenset({_E.ACCEPT, _E.WITHDRAW, _E.REQUEST_CANCEL, _E.REQUEST_CHANGE, _E.REFUSE})
REPORTED = frozenset(event for (_, event), step in TRANSITIONS.items() if step.by is not _BUYER)


_OVER = frozenset(State) - {state for state, _event in TRANSITIONS}


def is_over(state: str) -> bool:
    """Whether nothing can become of the order any more."""
    return state in _OVER


def can_follow(before: str, after: str, *, steps: int, commanded: Collection[str]) -> bool:
    """Whether an order that was `before` can be `after` so many versions later, if of the buyer's events only the
    `commanded` ones happened: versions in between may be lost, and not each of them changes the state.
    """
    reached = {before}
    for _step in range(min(steps, len(State))):
        reached |= {
            step.target
            for (state, event), step in TRANSITIONS.items()
            if state in reached and (step.by is not Party.BUYER or event in commanded)
        }
    return after in reached


def transition(state: str | None, event: str, by: Party) -> Transition:
    """The one transition that `by` may cause with `event` in `state` (None: no order yet).

    Strings come from the wire and may be unknown: that raises WrongState like every other misfit.
    """
    # Members of a StrEnum equal and hash like their strings, so an unknown string is simply not there.
    step = _TABLE.get((state, event))
    if step is None or step.by is not by:
        raise WrongState(state, event, by)
    return step


def next_state(state: str | None, event: str, by: Party) -> State:
    """The state that follows; raises WrongState."""
    return transition(state, event, by).target
