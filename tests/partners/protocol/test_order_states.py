"""The order table against the page of the protocol (§7), row by row."""

from collections.abc import Iterator
from itertools import product

import pytest

from partners.protocol.order_states import (
    COMMANDS,
    REPORTED,
    TRANSITIONS,
    Event,
    Party,
    State,
    Terms,
    WrongState,
    can_follow,
    is_over,
    next_state,
    transition,
)

# As printed: from | event | to | by.
PRINTED = """
-                | create          | requested        | buyer
requested        | confirm         | confirmed        | supplier
requested        | decline         | declined         | supplier
requested        | propose         | proposed         | supplier
proposed         | propose         | proposed         | supplier
proposed         | accept          | confirmed        | buyer
requested        | withdraw        | withdrawn        | buyer
proposed         | withdraw        | withdrawn        | buyer
requested        | expire          | expired          | clock
proposed         | expire          | expired          | clock
confirmed        | request_cancel  | cancel_requested | buyer
confirmed        | request_change  | change_requested | buyer
cancel_requested | agree           | cancelled        | supplier
cancel_requested | refuse          | confirmed        | supplier
change_requested | agree           | confirmed        | supplier
change_requested | refuse          | confirmed        | supplier
change_requested | propose_change  | change_proposed  | supplier
confirmed        | propose_change  | change_proposed  | supplier
change_requested | withdraw        | confirmed        | buyer
change_proposed  | accept          | confirmed        | buyer
change_proposed  | refuse          | confirmed        | buyer
change_proposed  | expire          | confirmed        | clock
confirmed        | cancel          | cancelled        | supplier
cancel_requested | cancel          | cancelled        | supplier
change_requested | cancel          | cancelled        | supplier
change_proposed  | cancel          | cancelled        | supplier
confirmed        | dispatch        | dispatched       | supplier
dispatched       | undo_dispatch   | confirmed        | supplier
dispatched       | return          | returned         | supplier
returned         | close           | closed           | supplier
"""
ROWS = [tuple(cell.strip() for cell in row.split("|")) for row in PRINTED.strip().splitlines()]
ALLOWED = {(None if source == "-" else source, event, by): target for source, event, target, by in ROWS}


def test_every_combination_of_state_event_and_party():
    for source, event, by in product([None, *State], Event, Party):
        allowed = ALLOWED.get((source, event.value, by.value))
        if allowed:
            assert next_state(source, event, by) == allowed
        else:
            with pytest.raises(WrongState):
                next_state(source, event, by)


@pytest.mark.parametrize(
    ("state", "event"), [("requested", "explode"), ("tomorrow", "confirm"), ("", ""), ("-", "create")]
)
def test_what_is_unknown_moves_nothing(state: str, event: str):
    for by in Party:
        with pytest.raises(WrongState) as caught:
            next_state(state, event, by)
        assert (caught.value.state, caught.value.event, caught.value.by) == (state, event, by)


def test_strings_from_the_wire_are_taken_as_they_are():
    assert next_state("requested", "confirm", Party.SUPPLIER) is State.CONFIRMED


def test_final_states_are_those_without_a_way_out():
    final = {"closed", "declined", "withdrawn", "expired", "cancelled"}
    assert {source for source, _ in TRANSITIONS} - {None} == set(State) - final
    assert {state.value for state in State if is_over(state)} == final
    assert not is_over("on_the_moon")


def walks(state: State, steps: int) -> Iterator[tuple[State, frozenset[str]]]:
    """Where an order may stand after so many steps or fewer, and what the buyer commanded on the way."""
    yield state, frozenset()
    for (source, event), step in TRANSITIONS.items() if steps else ():
        if source == state:
            own = {event.value} if step.by is Party.BUYER else set()
            yield from ((target, commands | own) for target, commands in walks(step.target, steps - 1))


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_what_can_follow_is_what_a_walk_leads_to(steps: int):
    """Every walk over the table is believed, and nothing else is."""
    for before, after in product(State, State):
        ways = [commands for target, commands in walks(before, steps) if target == after]
        for commanded in (*ways, frozenset[str](), frozenset(COMMANDS)):
            expected = any(commands <= commanded for commands in ways)
            assert can_follow(before, after, steps=steps, commanded=commanded) == expected, (before, after, commanded)


def test_every_state_is_reached():
    reached: set[State | None] = {None}
    for _ in State:
        reached |= {step.target for (source, _), step in TRANSITIONS.items() if source in reached}
    assert reached == {None, *State}


def test_who_says_what_on_the_wire():
    assert {event.value for event in COMMANDS} == {"accept", "withdraw", "request_cancel", "request_change", "refuse"}
    assert {event.value for event in REPORTED} == {
        "confirm", "decline", "propose", "expire", "agree", "refuse", "propose_change", "cancel", "dispatch",
        "undo_dispatch", "return", "close",
    }  # fmt: skip
    assert {event for (_, event), step in TRANSITIONS.items() if step.by is Party.BUYER} == COMMANDS | {Event.CREATE}


def test_a_proposal_is_taken_or_dropped_when_its_state_is_left():
    """Whoever leaves a state with a proposal for one without must say what becomes of it."""
    with_proposal = {"change_requested", "change_proposed"}
    for (source, _), step in TRANSITIONS.items():
        if source in with_proposal and step.target not in with_proposal:
            assert step.terms is not Terms.KEEP
    assert transition("change_requested", "agree", Party.SUPPLIER).terms is Terms.TAKE
    assert transition("change_proposed", "expire", Party.CLOCK).terms is Terms.DROP
