"""`manage.py partners`: the tab "Partner" for operators and scripts, audited and with exit codes (mission P3-P10)."""

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from partners import connections
from partners.models import PartnerConnection
from partners.protocol.pairing_code import encode
from partners.transport import Fault
from tests.factories import make_contact
from tests.fakes import InProcess
from tests.partners.codes import foreign_code

Pair = tuple[PartnerConnection, PartnerConnection]
Run = Callable[..., Any]


@pytest.fixture
def partners(aurora: Tenant) -> Run:
    """What the command says, read from its JSON; its text with `as_json=False`."""

    def run(verb: str, of: Contact | None = None, as_json: bool = True, **options: Any) -> Any:
        output = io.StringIO()
        named = {"tenant": "aurora", "contact": of.number} if of else {}
        call_command("partners", verb, stdout=output, as_json=as_json, **named | options)
        return json.loads(output.getvalue()) if as_json else output.getvalue()

    return run


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def deeds(contact: Contact) -> list[tuple[str, str]]:
    return [(entry.action.removeprefix("partner."), entry.actor_label) for entry in connections.entries_about(contact)]


def refused(run: Callable[[], Any]) -> int:
    with pytest.raises(CommandError) as caught:
        run()
    assert str(caught.value)
    return caught.value.returncode


def test_a_whole_pairing(aurora: Tenant, partners: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = make_contact(aurora, "Bassline Rental", is_supplier=True)
    code = partners("code", contact)["code"]
    assert code.startswith("EWX1:")
    assert partners("code", contact)["code"] == code
    type_in(monkeypatch, f"> Guten Tag,\n> {encode(foreign_code())}\n> Gruß")
    entered = partners("enter", contact, dry_run=True)
    assert (entered["company"], entered["server"], entered["stored"]) == (
        "Bassline Rental",
        "rent.bassline.example",
        False,
    )
    assert partners("show", contact)["state"] == "code_sent"
    type_in(monkeypatch, encode(foreign_code()))
    assert partners("enter", contact)["stored"]
    shown = partners("show", contact)
    assert (shown["state"], shown["partner"]) == ("waiting_for_partner", "Bassline Rental")
    assert partners("code", contact, new=True)["code"] != code
    [(last, who), *_rest] = deeds(contact)
    assert last == "code_handed_over"
    assert who.startswith("manage.py partners (")


def test_the_code_alone_goes_into_a_pipe(aurora: Tenant, partners: Run) -> None:
    text = partners("code", make_contact(aurora), as_json=False).strip()
    assert (text[:5], text[-4:]) == ("EWX1:", ":EWX")


def test_pause_resume_disconnect(pair: Pair, partners: Run) -> None:
    contact = pair[0].contact
    assert partners("pause", contact)["paused_by"] == ["us"]
    assert partners("resume", contact)["paused_by"] == []
    assert refused(lambda: partners("disconnect", contact)) == 1
    assert partners("show", contact)["state"] == "connected"
    assert partners("disconnect", contact, yes=True)["state"] == "closed"
    assert [deed for deed, _who in deeds(contact)] == ["closed", "switched_on", "switched_off"]


def test_what_has_ended_is_not_resumed_and_nothing_begins_anew(pair: Pair, partners: Run) -> None:
    ours = pair[0]
    ours.releases.create(tenant=ours.tenant, everything=True)
    connections.end(connection=ours.locked(), now=timezone.now(), by_peer=True)
    assert refused(lambda: partners("resume", ours.contact)) == 1
    assert list(ours.contact.partner_connections.all()) == [ours]
    assert ours.releases.count() == 1


def test_test(pair: Pair, partners: Run, network: InProcess) -> None:
    assert partners("test", pair[0].contact) == {"test": "ok"}
    pair[1].paused_at = timezone.now()
    pair[1].save()
    assert refused(lambda: partners("test", pair[0].contact)) == 1
    network.fault = Fault.TIMEOUT
    assert refused(lambda: partners("test", pair[0].contact)) == 3


def test_list(pair: Pair, partners: Run, cymbal: Tenant) -> None:
    connections.switch_on(contact=make_contact(cymbal), actor=connections.partner_actor(pair[0]), now=timezone.now())
    assert [line["tenant"] for line in partners("list")] == ["aurora", "bassline", "cymbal"]
    (line,) = partners("list", tenant="aurora")
    assert (line["partner"], line["state"], line["level"]) == ("Bassline Rental", "connected", 2)
    assert "Bassline Rental  connected" in partners("list", tenant="aurora", as_json=False)


def test_show_tells_no_secret(pair: Pair, partners: Run) -> None:
    shown = partners("show", pair[0].contact, as_json=False)
    assert pair[0].keys.get(side="own").sealed_private_key not in shown
    assert pair[0].own_key().secret_bytes().hex() not in shown


def test_a_refusal_is_said_in_json_too(aurora: Tenant, partners: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = make_contact(aurora)
    partners("code", contact)
    type_in(monkeypatch, "no code at all")
    output = io.StringIO()
    named = {"tenant": "aurora", "contact": contact.number, "as_json": True}
    assert refused(lambda: call_command("partners", "enter", stdout=output, **named)) == 1
    assert json.loads(output.getvalue())["refused"] == "code-refused"


def test_nobody_is_found_by_chance(aurora: Tenant, bassline: Tenant, partners: Run) -> None:
    make_contact(aurora, "Twin")
    make_contact(aurora, "Twin")
    stranger = make_contact(bassline, "Only here")
    for options in (
        {"tenant": "nobody", "contact": "x"},
        {"tenant": "aurora", "contact": "Only here"},
        {"tenant": "aurora", "contact": stranger.number},
        {"tenant": "aurora", "contact": "Twin"},
        {"tenant": "aurora"},
        {"contact": "Twin"},
    ):
        assert refused(lambda options=options: partners("show", **options)) == 2
    assert refused(lambda: partners("show", make_contact(aurora, "Plain"))) == 2
