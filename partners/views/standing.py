"""Where a connection stands, in words: what is done, the one next step, who has to take it (mission P5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from eventworx.messaging.models import MailMessage, MailState
from partners import pairing
from partners.client import Reason, down_sentence, sentence
from partners.models import PartnerConnection
from partners.protocol.connection_state import ConnectionState


class Who(models.TextChoices):
    """Whose turn it is. NOBODY: all is well."""

    NOBODY = "", ""
    US = "us", pgettext_lazy("turn", "your turn")
    THEM = "them", pgettext_lazy("turn", "the partner's turn")
    OUR_OPERATOR = "our operator", pgettext_lazy("turn", "the turn of whoever runs our server")
    THEIR_OPERATOR = "their operator", pgettext_lazy("turn", "the turn of whoever runs the partner's server")
    ITSELF = "itself", pgettext_lazy("turn", "goes on by itself")


# Who can mend what keeps us from the partner's answer; whatever is not named lies with whoever runs his server.
MENDS: Mapping[str, Who] = {
    Reason.NOT_ALLOWED: Who.OUR_OPERATOR,
    Reason.CLOCK: Who.OUR_OPERATOR,
    Reason.KEY: Who.US,
    Reason.CLOSED: Who.US,
    Reason.WRONG_SIGNATURE: Who.US,
    Reason.BUSY: Who.ITSELF,
    Reason.TIMEOUT: Who.ITSELF,
    Reason.BROKEN: Who.ITSELF,
}


class StepState(StrEnum):
    DONE = "done"
    OURS = "ours"
    THEIRS = "theirs"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a connection."""

    title: str
    text: str
    state: StepState


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole picture: one word, one tone (good, warn, bad, info, neutral), one sentence, whose turn it is.

    `action` names the page that takes the next step where it is ours. `is_step`: it is one of the steps of pairing.
    """

    label: str
    tone: str
    sentence: str
    who: Who = Who.NOBODY
    action: str = ""
    is_step: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What counts and does not lie in the row: the last mail with our code, our key, the handshake."""

    mail: MailMessage | None = None
    is_key_lost: bool = False
    refusal: str = ""  # the reason of the handshake that the partner refused for good


@dataclass(frozen=True, slots=True)
class _Plan:
    """A step of pairing, before it is known which one is the next."""

    title: str
    is_done: bool
    text: str
    who: Who
    action: str = ""


def _plan(connection: PartnerConnection) -> list[_Plan]:
    """A code that was handed over without our mail (by phone, by command) was sent: the partner has entered it."""
    partner, is_connected = {"partner": str(connection)}, _is_connected(connection)
    is_sent = bool(connection.code_sent_at) or is_connected
    return [
        _Plan(_("Make our key"), bool(connection.code_expires_at), _make_key(), Who.US, "connect"),
        _Plan(_("Send our code"), is_sent, _send() % partner, Who.US, "send_code"),
        _Plan(_("Enter the partner's code"), bool(connection.peer_key_at), _enter() % partner, Who.THEM, "enter_code"),
        _Plan(_("The partner enters our code"), is_connected, _wait() % partner, Who.THEM),
        _Plan(_("Compare the safety number"), bool(connection.verified_at), _compare() % partner, Who.US, "verify"),
    ]


def _is_connected(connection: PartnerConnection) -> bool:
    return connection.state is ConnectionState.CONNECTED


def _make_key() -> str:
    return _("“Connect with the partner” makes a key pair. The secret half stays encrypted on this server.")


def _send() -> str:
    return _("“Send e-mail” sends the public half to %(partner)s, as a partner code.")


def _enter() -> str:
    return _(
        "Waiting for the key of %(partner)s: an admin there has to switch on “Partner (network)” for you and send "
        "their code. Once the e-mail is here, click “Enter”."
    )


def _wait() -> str:
    return _("Waiting for %(partner)s: an admin there has to enter our code. The connection then stands by itself.")


def _compare() -> str:
    return _(
        "Call %(partner)s and read the number to each other: it must be the same on both screens. Only this proves "
        "that nobody replaced the e-mails."
    )


def steps(connection: PartnerConnection, standing: Standing) -> list[Step]:
    """The steps of pairing and the phone call; one of them is the next where the standing says so, else none."""
    plan = _plan(connection)
    next_one = next((at for at, step in enumerate(plan) if not step.is_done), len(plan))
    current = StepState.THEIRS if standing.who is Who.THEM else StepState.OURS
    if not standing.is_step:
        current = StepState.LATER
    states = [StepState.DONE if step.is_done else StepState.LATER for step in plan]
    if next_one < len(plan):
        states[next_one] = current
    return [Step(step.title, step.text, state) for step, state in zip(plan, states, strict=True)]


def standing(connection: PartnerConnection, now: datetime, beside: Beside = Beside()) -> Standing:
    """The one sentence at the top of the tab. The first that applies counts, the gravest first."""
    found = _out_of_force(connection, beside)
    if found:
        return found
    if not _is_connected(connection):
        return _on_the_way(connection, now, beside)
    return _in_dispute(connection) or _disturbed(connection) or _well(connection)


def _out_of_force(connection: PartnerConnection, beside: Beside) -> Standing | None:
    """Ended, paused by us, or without a key to sign with."""
    partner = {"partner": str(connection)}
    if connection.closed_at:
        text = _("We have ended this connection. To start anew, switch on “Partner (network)” above.")
        if connection.closed_by_peer:
            text = _("%(partner)s has ended this connection. To start anew, switch on “Partner (network)” above.")
        return Standing(_("Connection ended"), "bad", text % partner, Who.US, "switch")
    if connection.paused_at:
        text = _("Paused by us: %(partner)s is refused. The switch “Partner (network)” above resumes it.")
        return Standing(_("Paused"), "warn", text % partner, Who.US, "switch")
    if beside.is_key_lost and (connection.code_expires_at or _is_connected(connection)):
        text = sentence(Reason.OWN_KEY, str(connection))
        return Standing(_("Key lost"), "bad", text, Who.OUR_OPERATOR, "connect")
    return None


def _on_the_way(connection: PartnerConnection, now: datetime, beside: Beside) -> Standing:
    if found := _dead_end(connection, now, beside) or _held_up(connection, beside):
        return found
    if connection.code_expires_at and connection.code_expires_at <= now:
        return _asking(connection)
    return _next_step(connection)


def _asking(connection: PartnerConnection) -> Standing:
    text = _("Our code has expired. We still ask for a while whether %(partner)s had entered it before.")
    return Standing(_("Not connected yet"), "info", text % {"partner": str(connection)}, Who.ITSELF)


def _dead_end(connection: PartnerConnection, now: datetime, beside: Beside) -> Standing | None:
    """What no waiting mends: both sides have to begin anew, unless our code was entered in its time."""
    if connection.code_expires_at and connection.code_expires_at <= now:
        found = _expired(connection, now)
        if found:
            return found
    reason = Reason.CLOSED.value if connection.last_problem == Reason.CLOSED else beside.refusal
    if reason and connection.code_expires_at:
        text = f"{sentence(reason, str(connection))} {_again()}"
        return Standing(_("Refused"), "bad", text, Who.US, "connect")
    return None


def _again() -> str:
    return _("Click “Connect with the partner” again, here and there.")


def _expired(connection: PartnerConnection, now: datetime) -> Standing | None:
    """Our code runs no more. The partner may have entered it before: then his own still connects us (protocol §9)."""
    partner = {"partner": str(connection)}
    if connection.code_sent_at and not connection.peer_key_at:
        text = _(
            "Our code has expired. If %(partner)s entered it before and sent their own, click “Enter”; if not, click "
            "“Connect with the partner” again, here and there."
        )
        return Standing(_("Expired"), "warn", text % partner, Who.US, "enter_code")
    if pairing.is_greeted(connection, now):
        return None
    text = _("Our code has expired before %(partner)s had entered it.") % partner
    return Standing(_("Expired"), "bad", f"{text} {_again()}", Who.US, "connect")


def _held_up(connection: PartnerConnection, beside: Beside) -> Standing | None:
    """A mail that did not leave, a partner whose server gives no answer to our handshake."""
    label, mail = _("Not connected yet"), beside.mail
    if mail and mail.state == MailState.FAILED and connection.code_sent_at and not connection.peer_key_at:
        said = {"to": mail.to, "reason": mail.last_error}
        text = _("The e-mail with our code to %(to)s was not sent: %(reason)s Please send it again.") % said
        return Standing(label, "bad", text, Who.US, "send_code")
    if not connection.peer_key_at or not connection.code_sent_at:
        return None
    if connection.peer_paused_at:
        return _paused_there(connection)
    if connection.last_problem in {"", Reason.NOT_ENTERED_THERE}:
        return None
    return _disturbed(connection)


def _next_step(connection: PartnerConnection) -> Standing:
    step = next(step for step in _plan(connection) if not step.is_done)
    return Standing(_("Not connected yet"), "info", step.text, step.who, step.action, is_step=True)


def _in_dispute(connection: PartnerConnection) -> Standing | None:
    """The partner's server does not know the connection any more, or not our key: a restored backup, a lost mail."""
    text = sentence(connection.last_problem, str(connection))
    if connection.last_problem == Reason.CLOSED:
        return Standing(_("Ended there"), "bad", f"{text} {_again()}", Who.US, "connect")
    if connection.last_problem == Reason.KEY:
        return Standing(_("Key not accepted"), "bad", text, Who.US, "connect")
    return _paused_there(connection) if connection.peer_paused_at else None


def _paused_there(connection: PartnerConnection) -> Standing:
    text = _("%(partner)s has paused the connection. An admin there can switch it on again.")
    return Standing(_("Paused there"), "warn", text % {"partner": str(connection)}, Who.THEM)


def _disturbed(connection: PartnerConnection) -> Standing | None:
    """The last call was not answered as it should be."""
    if not connection.last_problem:
        return None
    text = sentence(connection.last_problem, str(connection))
    who = MENDS.get(connection.last_problem, Who.THEIR_OPERATOR)
    if connection.retry_at:
        return Standing(_("Does not answer"), "bad", f"{down_sentence(connection)} {text}", Who.THEIR_OPERATOR)
    return Standing(_("Disturbed"), "warn", text, who, "connect" if who is Who.US else "")


def _well(connection: PartnerConnection) -> Standing:
    text = _("The connection with %(partner)s is active.") % {"partner": str(connection)}
    if connection.verified_at:
        return Standing(_("Active"), "good", text)
    phone = _("Next, please compare the safety number.")
    return Standing(_("Active"), "good", f"{text} {phone}", Who.US, "verify", is_step=True)
