"""Why a partner gave no useful answer, and the one table that makes sentences of it: what is wrong, who can mend it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import partial

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant
from eventworx.web.templatetags.ewx import local
from partners.models import PartnerConnection
from partners.protocol.wire import TOO_MANY_LINES, Problem, ProblemCode
from partners.transport import Fault


class Reason(StrEnum):
    """What keeps us from the partner's answer; stored with a delivery, shown as a sentence."""

    NAME = Fault.NAME.value
    REFUSED = Fault.REFUSED.value
    CERTIFICATE = Fault.CERTIFICATE.value
    TIMEOUT = Fault.TIMEOUT.value
    BROKEN = Fault.BROKEN.value
    ANSWER_TOO_LARGE = Fault.TOO_LARGE.value
    NOT_ALLOWED = Fault.NOT_ALLOWED.value
    CODE_MISSING = "code-missing"
    ENDED = "ended"
    QUARANTINE = "quarantine"
    NOT_ENTERED_THERE = "not-entered-there"
    KEY = "key"
    CLOCK = "clock"
    WRONG_SIGNATURE = "wrong-signature"
    RUBBISH = "rubbish"
    SERVER_ERROR = "server-error"
    CLOSED = "closed"
    BUSY = "busy"
    VERSION = "version"
    CAPABILITY = "capability"
    OWN_KEY = "own-key"
    DOWN = "down"


# Nothing came back.
NETWORK = frozenset({Reason.NAME, Reason.REFUSED, Reason.CERTIFICATE, Reason.TIMEOUT, Reason.BROKEN})
# He was not asked: nothing is learnt about him.
LOCAL = frozenset(
    {Reason.CODE_MISSING, Reason.ENDED, Reason.QUARANTINE, Reason.CAPABILITY, Reason.OWN_KEY, Reason.DOWN}
)


SENTENCES: Mapping[str, str | Promise] = {
    Reason.NAME: _(
        "The server of %(partner)s is not found: there is no such name. Please ask %(partner)s whether the "
        "address of their server has changed."
    ),
    Reason.REFUSED: _("The server of %(partner)s cannot be reached. Whoever runs that server can mend it."),
    Reason.CERTIFICATE: _(
        "The certificate of the server of %(partner)s is not valid. Whoever runs that server has to renew it."
    ),
    Reason.TIMEOUT: _(
        "The server of %(partner)s did not answer in time. Please try again later; if it stays that way, "
        "whoever runs that server can mend it."
    ),
    Reason.BROKEN: _(
        "The server of %(partner)s broke off the connection. Please try again; if it stays that way, whoever "
        "runs that server can mend it."
    ),
    Reason.ANSWER_TOO_LARGE: _(
        "The server of %(partner)s sent more than was asked for. Whoever runs that server can mend it."
    ),
    Reason.NOT_ALLOWED: _(
        "The server of %(partner)s lies at an address that we do not connect to. Whoever runs our own "
        "installation can allow it."
    ),
    Reason.CODE_MISSING: _("The code of %(partner)s has not been entered here yet. An admin here can do that."),
    Reason.QUARANTINE: _(
        "This installation counts as a copy and exchanges nothing with partners. Whoever runs it can change that."
    ),
    Reason.ENDED: _("The connection with %(partner)s has ended. An admin here can connect anew."),
    Reason.NOT_ENTERED_THERE: _(
        "%(partner)s has not entered our code yet. An admin there has to enter it in the tab “Partner”."
    ),
    Reason.KEY: _(
        "%(partner)s does not accept our key any more. Please connect again: “Connect with the partner” here and there."
    ),
    Reason.CLOCK: _(
        "The clocks of the two servers differ by more than a minute. Whoever runs the server with the wrong "
        "time has to set it right."
    ),
    Reason.WRONG_SIGNATURE: _(
        "The answer was not signed by %(partner)s, so it was thrown away. If it stays that way, please "
        "connect again and compare the safety number by phone."
    ),
    Reason.RUBBISH: _(
        "What answers at the address of %(partner)s is not their Eventworx. Whoever runs that server can mend it."
    ),
    Reason.SERVER_ERROR: _(
        "The server of %(partner)s reports an error of its own. Please try again later; whoever runs that "
        "server can mend it."
    ),
    Reason.CLOSED: _("The server of %(partner)s says that this connection was ended there. An admin there knows why."),
    Reason.BUSY: _("The server of %(partner)s is busy just now. Please try again in a moment."),
    Reason.VERSION: _(
        "The server of %(partner)s speaks another version of the partner protocol. One of the two "
        "installations has to be updated."
    ),
    Reason.CAPABILITY: _("The installation of %(partner)s cannot do this yet. Whoever runs that server can update it."),
    Reason.OWN_KEY: _(
        "Our own key for %(partner)s cannot be opened: the key file of this installation is not the one it was made "
        "with. Whoever runs our installation can bring that file back; else please connect again, here and there."
    ),
    Reason.DOWN: _("%(partner)s does not answer at present; it is tried again by and by."),
    ProblemCode.PAUSED: _("%(partner)s has paused the connection. An admin there can switch it on again."),
    ProblemCode.LEVEL: _("%(partner)s does not offer you this at present. An admin there can change the level."),
    ProblemCode.NOT_FOUND: _("%(partner)s does not know this, or has not released it for you any more."),
    ProblemCode.STATE: _("The order has moved on at %(partner)s in the meantime."),
    ProblemCode.VERSION_CONFLICT: _("The order has moved on at %(partner)s in the meantime."),
    ProblemCode.ORDER_EXISTS: _("%(partner)s already has an order with this number and other content."),
    ProblemCode.CURSOR: _("This list is out of date. Please search again."),
    ProblemCode.TOO_LARGE: _("So much at once is too large for the server of %(partner)s."),
    ProblemCode.INVALID: _("%(partner)s cannot take this as it is."),
}
_REFUSED_OTHERWISE = _("%(partner)s refused this.")


def sentence(reason: str, partner: str) -> str:
    """What a user reads about a reason or a problem code: what is wrong and who can mend it."""
    return str(SENTENCES.get(reason, _REFUSED_OTHERWISE)) % {"partner": partner}


def last_words(connection: PartnerConnection, reason: str) -> str:
    """The sentence of what a delivery met last, '' where that was nothing of the partner's."""
    known = connection.last_problem if reason == Reason.DOWN else reason
    return sentence(known, str(connection)) if known in SENTENCES else ""


class PartnerProblem(BusinessError):
    """No useful answer from a partner; `reason` is stable, the text is for users."""

    code = "partner"
    status = 502

    def __init__(self, reason: str, *, partner: str) -> None:
        super().__init__()
        self.reason = reason
        self.partner = partner

    def __str__(self) -> str:
        return sentence(self.reason, self.partner)


class PartnerUnreachable(PartnerProblem):
    """Try again; `retry_after` are the seconds that the other side asked for."""

    code = "partner-unreachable"

    def __init__(self, reason: str, *, partner: str, retry_after: int | None = None) -> None:
        super().__init__(reason, partner=partner)
        self.retry_after = retry_after


class PartnerDown(PartnerUnreachable):
    """Nothing came back several times in a row: he is not asked before `next_at`."""

    code = "partner-down"

    def __init__(self, connection: PartnerConnection) -> None:
        super().__init__(Reason.DOWN, partner=str(connection))
        self.next_at = connection.retry_at
        self._sentence = down_sentence(connection)

    def __str__(self) -> str:
        return self._sentence


def down_sentence(connection: PartnerConnection) -> str:
    """Since when a partner at rest has not answered, and when he is tried again, in our company's time."""
    clock = partial(_clock, tenant=connection.tenant)
    said = {"partner": str(connection), "since": clock(connection.failing_since), "at": clock(connection.retry_at)}
    if connection.rests(timezone.now()):
        return gettext("%(partner)s has not answered since %(since)s; next try at %(at)s.") % said
    return gettext("%(partner)s has not answered since %(since)s; the next request tries again.") % said


def _clock(moment: datetime | None, tenant: Tenant) -> str:
    """The time of day; with the day where that is another one."""
    if moment is None:
        return local(None)
    there, today = moment.astimezone(tenant.zone), timezone.now().astimezone(tenant.zone).date()
    return f"{there:%H:%M}" if there.date() == today else local(moment, tenant)


class PartnerPaused(PartnerProblem):
    """The partner said, signed, that he paused the connection."""

    code = "partner-paused"
    status = 409

    def __init__(self, *, partner: str) -> None:
        super().__init__(ProblemCode.PAUSED, partner=partner)


class PartnerRefused(PartnerProblem):
    """The partner said no, signed. `problem.code` tells why, `problem.current` the document as it stands; the reason is
    TOO_LARGE also where he only points to more lines than he takes."""

    code = "partner-refused"
    status = 409

    def __init__(self, problem: Problem, *, partner: str) -> None:
        super().__init__(ProblemCode.TOO_LARGE if TOO_MANY_LINES in problem.errors else problem.code, partner=partner)
        self.problem = problem
