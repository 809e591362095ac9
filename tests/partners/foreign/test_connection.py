"""Pairing, connection test, pause, level and end between the product and another vendor."""

import pytest
from django.utils import timezone

from partners import connections
from partners.client import PartnerPaused
from partners.protocol.connection_state import ConnectionState
from tests.foreign.client import Failed
from tests.partners.foreign.meeting import BOSS, Meeting
from tests.world import deliver_all


def problem(meeting: Meeting, path: str = "/articles") -> str:
    """Status and problem type of our answer to them, and whether we signed it; empty for a success."""
    received = meeting.client.call("GET", path)
    signed = "" if received.signed else " unsigned"
    return f"{received.status} {received.problem}{signed}" if received.status >= 400 else ""


def test_the_product_calls_first(meeting: Meeting) -> None:
    assert meeting.ours.state == ConnectionState.CONNECTED
    assert meeting.theirs.state == "connected"
    assert meeting.ours.safety_number == meeting.theirs.safety_number
    assert len(meeting.ours.safety_number.replace(" ", "")) == 30


def test_the_other_vendor_calls_first(strangers: Meeting) -> None:
    strangers.switch_on()
    theirs = strangers.server.make_code()
    strangers.server.enter_code(strangers.our_code())
    with pytest.raises(Failed) as failure:
        strangers.client.pair()
    assert (failure.value.received.status, failure.value.received.problem) == (409, "pairing-incomplete")
    assert not failure.value.received.signed
    strangers.enter(theirs)
    assert strangers.client.pair()["state"] == "connected"
    assert strangers.ours.state == ConnectionState.CONNECTED


def test_the_connection_test_both_ways(meeting: Meeting) -> None:
    connections.test_connection(connection=meeting.ours, actor=BOSS)
    document = meeting.client.test()
    assert document["connection"] == str(meeting.ours.pk)
    assert document["display_name"] == "Aurora Veranstaltungstechnik"
    assert document["level_granted_to_you"] == 2


def test_our_pause_and_level_are_in_force_at_once(meeting: Meeting) -> None:
    connections.set_level(connection=meeting.ours, level=0, actor=BOSS)
    assert problem(meeting) == "403 level"
    deliver_all()
    connections.switch_off(connection=meeting.ours, actor=BOSS, now=timezone.now())
    assert problem(meeting) == "403 paused"
    assert meeting.client.test()["paused_by"] == ["us"]
    assert problem(meeting, "/orders") == ""
    deliver_all()
    connections.switch_on(contact=meeting.ours.contact, actor=BOSS, now=timezone.now())
    assert problem(meeting) == "403 level"
    deliver_all()
    connections.set_level(connection=meeting.ours, level=1, actor=BOSS)
    assert problem(meeting) == ""
    assert meeting.theirs.notices == ["level_changed", "paused", "resumed"]


def test_their_pause_and_level_are_in_force_at_once(meeting: Meeting) -> None:
    job = meeting.job()
    assert len(meeting.search(job).listings) == 11
    meeting.server.set_level(1)
    assert {listing.stock for listing in meeting.search(job).listings} == {None}
    meeting.server.pause()
    with pytest.raises(PartnerPaused):
        meeting.search(job)
    with pytest.raises(PartnerPaused):
        connections.test_connection(connection=meeting.ours, actor=BOSS)
    meeting.server.resume()
    connections.test_connection(connection=meeting.ours, actor=BOSS)


def test_our_key_changes_with_no_mail(meeting: Meeting) -> None:
    connections.test_connection(connection=meeting.ours, actor=BOSS)  # he says that he knows /keys
    number = meeting.ours.safety_number
    (old,) = meeting.theirs.keys
    new = connections.rotate_key(connection=meeting.ours, actor=BOSS, now=timezone.now()).keyid
    deliver_all()
    assert meeting.theirs.keys[new].state in ("staged", "active")
    connections.test_connection(connection=meeting.ours, actor=BOSS)
    assert {keyid: key.state for keyid, key in meeting.theirs.keys.items()} == {old: "retiring", new: "active"}
    assert meeting.client.test()["connection"] == str(meeting.ours.pk)
    assert meeting.theirs.safety_number == meeting.ours.safety_number == number


def test_their_key_changes_with_no_mail(meeting: Meeting) -> None:
    (old,) = (key["keyid"] for key in meeting.client.list_keys())
    new = meeting.client.rotate()
    assert {key["keyid"]: key["state"] for key in meeting.client.list_keys()} == {old: "retiring", new: "active"}
    connections.test_connection(connection=meeting.ours, actor=BOSS)
    assert meeting.theirs.safety_number == meeting.ours.safety_number


def test_our_end_is_the_end(meeting: Meeting) -> None:
    connections.close(connection=meeting.ours, actor=BOSS, now=timezone.now())
    assert problem(meeting) == "410 closed unsigned"
    deliver_all()
    assert meeting.theirs.notices == ["closing"]


def test_their_end_is_the_end(meeting: Meeting) -> None:
    meeting.client.notify("closing")
    meeting.server.close()
    assert meeting.ours.state == ConnectionState.CLOSED
