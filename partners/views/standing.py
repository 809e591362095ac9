"""Where a connection stands, in words: what is done, what comes next, who has to act (mission P5)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from partners.client import Reason, sentence
from partners.models import PartnerConnection
from partners.protocol.connection_state import ConnectionState
from partners.protocol.signing import Reason as SignatureReason


class StepState(StrEnum):
    DONE = "done"
    OURS = "ours"
    THEIRS = "theirs"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a connection; `action` names the page that takes it."""

    title: str
    text: str
    state: StepState
    action: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole picture in one word, one tone (good, warn, bad, info, neutral) and one sentence."""

    label: str
    tone: str
    sentence: str


def steps(connection: PartnerConnection, now: datetime) -> list[Step]:
    """The four steps of pairing and the phone call; at most one of them is the next."""
    partner = str(connection)
    plan = [
        (_("Make our key"), bool(connection.code_expires_at), StepState.OURS, "connect", _make_key()),
        (_("Send our code"), bool(connection.code_sent_at), StepState.OURS, "send_code", _send(partner)),
        (_("Enter the partner's code"), bool(connection.peer_key_at), StepState.THEIRS, "enter_code", _enter(partner)),
        (_("The partner enters our code"), _is_connected(connection), StepState.THEIRS, "", _wait(partner)),
        (_("Compare the safety number"), bool(connection.verified_at), StepState.OURS, "", _compare(partner)),
    ]
    next_one = next((at for at, (_title, done, *_rest) in enumerate(plan) if not done), len(plan))
    return [
        Step(title, text, StepState.DONE if done else who if at == next_one else StepState.LATER, action)
        for at, (title, done, who, action, text) in enumerate(plan)
    ]


def _is_connected(connection: PartnerConnection) -> bool:
    return connection.state is ConnectionState.CONNECTED


def _make_key() -> str:
    return _("“Connect with the partner” makes a key pair. The secret half stays encrypted on this server.")


def _send(partner: str) -> str:
    return _("“Send e-mail” sends the public half to %(partner)s, as a partner code.") % {"partner": partner}


def _enter(partner: str) -> str:
    return _(
        "Waiting for the key of %(partner)s: an admin there has to switch on “Partner (network)” for you and send "
        "their code. Once the e-mail is here, click “Enter”."
    ) % {"partner": partner}


def _wait(partner: str) -> str:
    return _("Waiting for %(partner)s: an admin there has to enter our code. The connection then stands by itself.") % {
        "partner": partner
    }


def _compare(partner: str) -> str:
    return _(
        "Call %(partner)s and read the number to each other: it must be the same on both screens. Only this proves "
        "that nobody replaced the e-mails."
    ) % {"partner": partner}


def standing(connection: PartnerConnection, now: datetime) -> Standing:
    """The one sentence at the top of the tab: where we stand and who has to act."""
    names = {"partner": str(connection)}
    if connection.closed_at:
        return _ended(connection, names)
    if connection.paused_at:
        return Standing(
            _("Paused"),
            "warn",
            _("Paused by us: %(partner)s is refused. The switch “Partner (network)” above resumes it.") % names,
        )
    if _is_connected(connection):
        return _connected(connection, names)
    return _on_the_way(connection, now, names)


def _ended(connection: PartnerConnection, names: dict[str, str]) -> Standing:
    if connection.closed_by_peer:
        text = _("%(partner)s has ended this connection. To start anew, switch on “Partner (network)” above.")
    else:
        text = _("We have ended this connection. To start anew, switch on “Partner (network)” above.")
    return Standing(_("Connection ended"), "bad", text % names)


def _connected(connection: PartnerConnection, names: dict[str, str]) -> Standing:
    if connection.peer_paused_at:
        return Standing(
            _("Paused there"),
            "warn",
            _("%(partner)s has paused the connection. An admin there can switch it on again.") % names,
        )
    return Standing(_("Active"), "good", _("The connection with %(partner)s is active.") % names)


def _on_the_way(connection: PartnerConnection, now: datetime, names: dict[str, str]) -> Standing:
    if _has_expired(connection, now):
        text = _("The code has expired before both sides had entered it. Click “Connect with the partner” again.")
        return Standing(_("Expired"), "bad", text)
    open_steps = (step for step in steps(connection, now) if step.state in {StepState.OURS, StepState.THEIRS})
    return Standing(_("Not connected yet"), "info", next(open_steps).text)


def _has_expired(connection: PartnerConnection, now: datetime) -> bool:
    codes = (connection.code_expires_at, connection.peer_code_expires_at)
    return any(expiry is not None and expiry <= now for expiry in codes)


def refusal(connection: PartnerConnection, reason: str) -> str:
    """What our admin reads where requests in the partner's name prove nothing; the partner himself learns no reason."""
    if reason == SignatureReason.TIME:
        return sentence(Reason.CLOCK, str(connection))
    return _(
        "A request in the name of %(partner)s was refused: its signature was not right. Where %(partner)s has no "
        "trouble, somebody else tried."
    ) % {"partner": str(connection)}
