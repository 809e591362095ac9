"""Secrets are in no log, error, mail, export or repr (security.md §1): known ones are sought in all of them."""

import copy
import json
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, technical_500_response
from pytest_django import Settings

from eventworx.audit import Actor
from eventworx.encryption import Place, open_sealed, rotation, seal
from eventworx.encryption.ring import MasterKey, current_ring, write_ring
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from partners import client, connections, outbox, pairing, tasks
from partners.api import gateway
from partners.api.authentication import PartnerCall
from partners.models import ConnectionKey, Delivery, KeySide, PartnerConnection
from partners.protocol.keys import KeyPair
from partners.transport import RawAnswer
from tests.encryption.canaries import leaks, shown, spellings
from tests.factories import make_connection, make_contact
from tests.fakes import InProcess

Pair = tuple[PartnerConnection, PartnerConnection]
pytestmark = pytest.mark.django_db
BOSS = Actor("Boss")
MASTER = MasterKey(bytes(range(100, 132)))
HERE = Place("table", "1", "field", 1)
TOTP = b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> InProcess:
    fake = InProcess()
    monkeypatch.setattr(client.calls.transport, "current", fake)
    return fake


@pytest.fixture
def pair(key_file: Path, aurora: Tenant, bassline: Tenant, network: InProcess) -> Pair:
    write_ring(key_file, (MASTER,))
    return make_connection(aurora, peer=bassline)


@pytest.fixture
def canaries(pair: Pair) -> list[bytes]:
    """All that must be seen nowhere: the master key and both private keys."""
    return [MASTER.secret, TOTP, *(side.own_key().secret_bytes() for side in pair)]


@pytest.fixture
def call_in_hand(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> PartnerCall:
    """A proven call, as the gateway hands it on."""
    caught: list[PartnerCall] = []
    answer = gateway._routed

    def routed(request: HttpRequest, call: PartnerCall, *found: Any) -> HttpResponse:
        caught.append(call)
        return answer(request, call, *found)

    monkeypatch.setattr(gateway, "_routed", routed)
    connections.test_connection(connection=pair[0], actor=BOSS)
    return caught[0]


# --- as text, and as copies -----------------------------------------------------------------------
def test_nothing_that_holds_a_secret_shows_it(pair: Pair, canaries: list[bytes], call_in_hand: PartnerCall) -> None:
    line = client.line_of(pair[0])
    signed = client.sign_ahead(line=line, path="/connection/notice", body={"notice": "closing"}, now=timezone.now())
    key = pair[0].keys.get(side=KeySide.OWN)
    holders = [
        *(pair[0].own_key(), line, call_in_hand, signed, key, pair[0]),
        *(MASTER, current_ring(), [MASTER], {"key": line.key}),
        *(list(ConnectionKey.objects.values()), list(Delivery.objects.values())),
    ]
    for holder in holders:
        for text in shown(holder):
            assert leaks(text, canaries) == []


def test_the_search_sees_what_lies_open(canaries: list[bytes]) -> None:
    """Else the one above would prove nothing."""
    for secret in canaries:
        for spelling in spellings(secret):
            assert leaks(f"… {spelling} …", canaries)


@pytest.mark.parametrize(
    "make_copy", [copy.copy, copy.deepcopy, pickle.dumps, lambda thing: cache.set("stolen", thing)], ids=range(4)
)
@pytest.mark.parametrize("name", ["key", "line", "call", "master"])
def test_what_holds_a_key_is_not_copied_into_caches_queues_or_sessions(
    pair: Pair, call_in_hand: PartnerCall, make_copy: Callable[[Any], object], name: str
) -> None:
    line = client.line_of(pair[0])
    holder = {"key": line.key, "line": line, "call": call_in_hand, "master": MASTER}[name]
    if make_copy is copy.copy and name in {"line", "call"}:
        return  # another handle on the same key, in the same memory
    with pytest.raises(TypeError, match="not copied or stored"):
        make_copy(holder)


# --- errors ---------------------------------------------------------------------------------------
class Defect(Exception):
    """Something that nobody expected."""


def in_the_middle_of_signing(pair: Pair) -> None:
    client.call(connection=pair[0], method="GET", path="/connection")


def in_the_middle_of_sealing(pair: Pair) -> None:
    totp, raw = TOTP, pair[0].own_key().secret_bytes()
    seal(totp + raw, None)  # type: ignore[arg-type]


def in_the_middle_of_opening(pair: Pair) -> None:
    key = pair[0].keys.get(side=KeySide.OWN)
    key.tenant_id = 0
    key.open_private_key()


def in_the_middle_of_reading_the_ring(pair: Pair) -> None:
    rotation.settings.EWX_KEY_FILE.write_text(spellings(MASTER.secret)[3] + "\nrubbish!")
    current_ring()


DEFECTS = [
    in_the_middle_of_signing,
    in_the_middle_of_sealing,
    in_the_middle_of_opening,
    in_the_middle_of_reading_the_ring,
]


@pytest.fixture
def broken(pair: Pair, network: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(**request: Any) -> RawAnswer:
        raise Defect

    monkeypatch.setattr(network, "send", send)


@pytest.fixture(params=DEFECTS, ids=lambda deed: deed.__name__.removeprefix("in_the_middle_of_"))
def defect(request: pytest.FixtureRequest, pair: Pair, canaries: list[bytes], broken: None) -> Iterator[Any]:
    """The exception with its traceback, as a handler of errors gets it."""
    try:
        request.param(pair)
    except Exception:  # noqa: BLE001
        yield sys.exc_info()
        return
    raise AssertionError("nothing went wrong")


@pytest.mark.parametrize("debug", [True, False])
def test_a_report_of_an_error_shows_no_secret(
    defect: Any, canaries: list[bytes], settings: Settings, debug: bool
) -> None:
    """As the error page of debug mode and the mail to the server's administrators render it, with all frames."""
    settings.DEBUG = debug
    typed = {"password": "open sesame", "code": "123456"}
    request = RequestFactory().post("/aurora/", typed, headers={"Signature": "ewx=:c2ln:", "Cookie": "s=stolen"})
    reporter = ExceptionReporter(request, *defect, is_email=not debug)
    page = technical_500_response(request, *defect).content.decode()
    for text in (reporter.get_traceback_html(), reporter.get_traceback_text(), page):
        assert "in_the_middle_of" in text
        assert leaks(text, canaries) == []
        for typed_or_sent in ("open sesame", "123456", "c2ln", "s=stolen"):
            assert typed_or_sent not in text


def test_django_alone_would_show_it(defect: Any, canaries: list[bytes], settings: Settings) -> None:
    """Else the report above would prove nothing. Only where nothing of the frames is secret it shows nothing."""
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = "django.views.debug.SafeExceptionReporterFilter"
    reporter = ExceptionReporter(None, *defect)
    reporter.filter = type(reporter.filter).__mro__[1]()
    _ours, *frames = reporter.get_traceback_frames()
    variables = [str(frame["vars"]) for frame in frames]
    assert any(variables)
    assert bool(leaks("".join(variables), canaries)) is (defect[2].tb_next.tb_frame.f_code.co_name in SHOWN_BY_DJANGO)


SHOWN_BY_DJANGO = {"in_the_middle_of_sealing", "in_the_middle_of_reading_the_ring"}


def test_a_mail_to_the_servers_administrators_shows_no_secret(
    defect: Any, canaries: list[bytes], settings: Settings
) -> None:
    settings.ADMINS = [("Ada", "ada@operator.example")]
    record = logging.LogRecord("django.request", logging.ERROR, __file__, 1, "defect", (), defect)
    AdminEmailHandler(include_html=True).emit(record)
    (sent,) = mail.outbox
    assert leaks(str(sent.message()) + str(sent.alternatives), canaries) == []  # type: ignore[attr-defined]


def test_a_report_shows_no_password_of_a_setting(defect: Any, settings: Settings) -> None:
    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://:open-sesame@redis:6379/0"
    settings.CACHES = {"default": {"BACKEND": "x", "LOCATION": settings.REDIS_URL}}
    settings.EMAIL_HOST_PASSWORD = "open-sesame"
    settings.ANYMAIL = {"ODD_NAME": "open-sesame"}
    settings.SECRET_KEY = "open-sesame" * 5
    reporter = ExceptionReporter(RequestFactory().get("/", DATABASE_URL="postgres://u:open-sesame@h/d"), *defect)
    assert "open-sesame" not in reporter.get_traceback_html() + reporter.get_traceback_text()


# --- logs, mails, exports -------------------------------------------------------------------------
def test_a_day_of_work_at_the_finest_log_level_shows_no_secret(
    pair: Pair, canaries: list[bytes], caplog: pytest.LogCaptureFixture, log_in: Callable[..., Client], aurora: Tenant
) -> None:
    """Pairing, test, pause, rotation of master keys, the end; every page of the tab."""
    output = StringIO()
    contact = make_contact(aurora, is_supplier=True, email="neu@elsewhere.example")
    with (
        caplog.at_level(logging.DEBUG, "django"),
        caplog.at_level(logging.DEBUG),
        CaptureQueriesContext(connection),
    ):  # which also logs every statement
        connections.test_connection(connection=pair[0], actor=BOSS)
        connections.switch_on(contact=contact, actor=BOSS, now=timezone.now())
        fresh = pairing.start_pairing(contact=contact, actor=BOSS, now=timezone.now())
        canaries.append(fresh.own_key().secret_bytes())
        admin = log_in(aurora, Role.ADMIN)
        pairing.send_code(connection=fresh, actor=BOSS, sender=aurora.memberships.get().user, now=timezone.now())
        call_command("rotate_encryption_keys", stdout=output, stderr=output)
        call_command("partners", "show", "--tenant", aurora.slug, "--contact", contact.number, stdout=output)
        pages = [admin.get(aurora.url("partners:tab", owner.pk)).content for owner in (contact, pair[0].contact)]
        connections.close(connection=pair[0], actor=BOSS, now=timezone.now())
        outbox.deliver_due(now=timezone.now(), handlers=tasks.HANDLERS)
    canaries += [key.secret for key in current_ring()]
    mails = json.dumps(list(aurora.mails.values("subject", "text", "html")))
    attached = b"".join(bytes(found.content) for found in aurora.mail_attachments.all())
    seen = "\n".join([caplog.text, output.getvalue(), mails, attached.decode(), *(page.decode() for page in pages)])
    assert "DEBUG" in caplog.text
    assert "EWX1:" in mails
    assert leaks(seen, canaries) == []


def test_an_export_of_everything_holds_no_secret(pair: Pair, canaries: list[bytes]) -> None:
    """Django's own dump, and the journal for strangers."""
    output = StringIO()
    connections.test_connection(connection=pair[0], actor=BOSS)
    call_command("dumpdata", stdout=output)
    call_command("journal", "export", stdout=output)
    assert pair[0].keys.get(side=KeySide.OWN).sealed_private_key in output.getvalue()
    assert leaks(output.getvalue(), canaries) == []


def test_a_farewell_is_forgotten_once_it_was_tried(pair: Pair, network: InProcess) -> None:
    """Until then it is a signed message and no key; and the key is destroyed with the end."""
    secret = pair[0].own_key().secret_bytes()
    connections.close(connection=pair[0], actor=BOSS, now=timezone.now())
    (farewell,) = Delivery.objects.filter(kind="farewell")
    assert leaks(json.dumps(farewell.body), [secret]) == []
    outbox.deliver_due(now=timezone.now(), handlers=tasks.HANDLERS)
    farewell.refresh_from_db()
    assert farewell.body == {}
    assert not pair[0].keys.exclude(sealed_private_key="").exists()


def test_the_plain_text_is_opened_where_it_is_used(pair: Pair) -> None:
    """A control: the keys that were sought are the real ones."""
    key = pair[0].keys.get(side=KeySide.OWN)
    assert KeyPair.from_raw(open_sealed(key.sealed_private_key, key.place)).public == bytes(key.public_key)
