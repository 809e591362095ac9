"""Bad input gets a clear sentence and changes nothing: what comes in, and the German sentence that answers it.

Each case prepares what it needs and returns the deed; between the rows before and after it there is no difference.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from eventworx.audit import AuditEntry
from eventworx.contacts.models import Contact
from eventworx.limits import HitCount
from eventworx.messaging.mail import send_mail
from eventworx.messaging.models import MailMessage
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.models import Article
from partners import connections, pairing, transport
from partners.models import PartnerConnection, Refusal, SeenNonce
from partners.protocol.pairing_code import encode
from partners.releases import release
from partners.transport import Fault, NetworkTransport, RawAnswer
from tests.factories import make_article, make_contact, make_user
from tests.fakes import RUBBISH, SERVER_ERROR
from tests.partners.codes import foreign_code
from tests.partners.test_transport import server
from tests.partners.trade import Trade, shown
from tests.partners.views.dialog import text_of
from tests.services import free_port

HTMX = {"HX-Request": "true"}
PERIOD = {"start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}
# Whoever looks is logged in; a nonce is used up and counted whatever became of its request, and refusals are counted.
NOT_COUNTED = (Session, SeenNonce, HitCount, Refusal)

# What each of its answers must say is the same.
Deed = Callable[[], list[HttpResponse]]


@dataclass
class Desk:
    """Aurora's desk: sales and an admin, a partner that lends, a job; and what a case may break."""

    trade: Trade
    settings: Settings
    patch: pytest.MonkeyPatch
    until_the_end: contextlib.ExitStack

    def __post_init__(self) -> None:
        self.sales, self.admin = Client(), Client()
        self.sales.force_login(self.trade.buyer)
        self.admin.force_login(make_user(self.trade.ours.tenant, Role.ADMIN))
        self.keyed = self.make_keyed("Neu GmbH")

    def make_keyed(self, name: str) -> PartnerConnection:
        """A connection that waits for the partner's code."""
        tenant, named = self.trade.ours.tenant, {"actor": self.trade.actor, "now": timezone.now()}
        contact: Contact = make_contact(tenant, name, is_supplier=True, email="post@bassline.example")
        connections.switch_on(contact=contact, **named)
        return pairing.start_pairing(contact=contact, **named)

    def of_contact(self, name: str, connection: PartnerConnection, **data: Any) -> HttpResponse:
        url = connection.tenant.url(f"partners:{name}", connection.contact_id)
        return self.admin.post(url, data, headers=HTMX)

    def enter(self, text: str) -> Deed:
        """The code is refused by "OK" and by "Speichern" alike."""
        read, save = (partial(self.of_contact, name, self.keyed, code=text) for name in ("enter_code", "save_code"))
        return lambda: [read(), save()]

    def of_job(self, name: str, *args: Any, **data: Any) -> HttpResponse:
        url = self.trade.job.tenant.url(f"partners:{name}", self.trade.job.pk, *args)
        return self.sales.post(url, data, headers=HTMX)

    def step(self, name: str, **data: Any) -> HttpResponse:
        """A step on the way from the partner's article to a position."""
        return self.of_job(name, self.trade.ours.pk, str(self.trade.article.pk), **data)

    def choose(self) -> None:
        """Picked and connected with an article of ours: only the quantity is missing."""
        own: Article = make_article(self.trade.job.tenant, "Own", owned=0)
        assert self.step("pick").status_code == 200
        assert self.step("link", article=own.pk).status_code == 200

    def search(self, **data: str) -> HttpResponse:
        tenant = self.trade.job.tenant
        asked = {"supplier": str(self.trade.ours.pk), "q": "aura", **PERIOD, **data}
        return self.sales.get(tenant.url("partners:search", self.trade.job.pk), asked, headers=HTMX)

    def test(self) -> HttpResponse:
        return self.of_contact("test", self.trade.ours)


@pytest.fixture
def desk(trade: Trade, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with contextlib.ExitStack() as stack:
        yield Desk(trade, settings, monkeypatch, stack)


NOTED = {"last_problem", "last_problem_at", "failures", "failing_since", "retry_at"}


def rows() -> dict[type, list[tuple[Any, ...]]]:
    """Everything that is stored, by model."""
    models = [model for model in apps.get_models() if model not in NOT_COUNTED]
    return {model: list(model._default_manager.order_by("pk").values_list()) for model in models}


def our_rows(tenant: Tenant) -> dict[type, list[tuple[Any, ...]]]:
    """What one company has, but for its journal, where it stands that somebody tested, and how the call went."""
    models = [model for model in apps.get_models() if hasattr(model, "tenant") and model is not AuditEntry]
    columns = {
        model: [column.attname for column in model._meta.concrete_fields if column.name not in NOTED]
        for model in models
    }
    return {
        model: list(model._default_manager.filter(tenant=tenant).order_by("pk").values_list(*columns[model]))
        for model in models
    }


# --- codes -----------------------------------------------------------------------------------------
def code_of_a_partner(**changes: Any) -> str:
    return encode(foreign_code(**changes))


def damaged_code(desk: Desk) -> Deed:
    text = code_of_a_partner()
    return desk.enter(text[:30] + ("A" if text[30] != "A" else "B") + text[31:])


def half_a_code(desk: Desk) -> Deed:
    return desk.enter(code_of_a_partner()[:60])


def own_code(desk: Desk) -> Deed:
    return desk.enter(pairing.code_text(desk.keyed))


def expired_code(desk: Desk) -> Deed:
    yesterday = timezone.now().replace(microsecond=0) - timedelta(days=1)
    return desk.enter(code_of_a_partner(expires_at=yesterday))


def code_entered_elsewhere(desk: Desk) -> Deed:
    code, named = code_of_a_partner(), {"actor": desk.trade.actor, "now": timezone.now()}
    pairing.save_code(connection=desk.make_keyed("Other"), text=code, **named)
    return desk.enter(code)


def code_entered_twice(desk: Desk) -> Deed:
    code = code_of_a_partner()
    assert desk.of_contact("save_code", desk.keyed, code=code).status_code == 302
    return desk.enter(code)


def code_of_a_server_without_tls(desk: Desk) -> Deed:
    return desk.enter(code_of_a_partner(origin="http://rent.bassline.example"))


def no_code_at_all(desk: Desk) -> Deed:
    return desk.enter("Guten Tag, anbei der Code.")


# --- the partner's server --------------------------------------------------------------------------
def partner_not_reachable(desk: Desk) -> None:
    """Said when the deadline of the test is over, however soon it was refused."""
    desk.settings.EWX_PARTNER_DEADLINE_SECONDS = 0.5
    desk.trade.network.fault = Fault.REFUSED


def partner_slow(desk: Desk) -> None:
    """A real server that takes ten seconds; we do not wait for it."""

    over = threading.Event()

    def serve(connection: Any) -> None:
        connection.recv(65536)
        over.wait(10)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    origin = f"http://127.0.0.1:{desk.until_the_end.enter_context(server(serve))}"
    desk.until_the_end.callback(over.set)
    desk.settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({origin})
    desk.settings.EWX_PARTNER_DEADLINE_SECONDS = 0.5
    desk.trade.ours.peer_origin = origin
    desk.trade.ours.save()
    ours = NetworkTransport()
    desk.until_the_end.callback(ours.close)
    desk.patch.setattr(transport, "current", ours)


def partner_answers_rubbish(desk: Desk) -> None:
    desk.trade.network.fault = RUBBISH


def partner_answers_500(desk: Desk) -> None:
    desk.trade.network.fault = SERVER_ERROR


def partner_signs_wrongly(desk: Desk) -> None:
    def forged(answer: RawAnswer) -> RawAnswer:
        return replace(answer, body=answer.body.replace(b'"', b' "', 1))

    desk.trade.network.change = forged


# --- the job ---------------------------------------------------------------------------------------
def article_withdrawn_after_the_search(desk: Desk) -> Deed:
    trade = desk.trade
    assert "MAC Aura XB" in text_of(desk.search())
    release(connection=trade.theirs, actor=trade.seller_actor, articles=[trade.article], excluded=True)
    return lambda: [desk.step("pick")]


def search_without_a_period(desk: Desk) -> Deed:
    partner_not_reachable(desk)  # nobody asks him
    return lambda: [desk.search(start="", end="")]


def job_without_a_period(desk: Desk) -> Deed:
    """There is no other way to send an order without a period than a job that has none."""
    job = desk.trade.job
    data = {"title": job.title, "customer": job.customer_id, "tax_percent": "19"}
    return lambda: [desk.sales.post(job.tenant.url("jobs:edit", job.pk), data)]


def quantity_0(desk: Desk) -> Deed:
    desk.choose()
    seen = shown(desk.trade.job, desk.trade.ours.contact, str(desk.trade.article.pk))
    return lambda: [desk.step("add_position", quantity=0, seen=seen)]


def second_click_on_send(desk: Desk) -> Deed:
    desk.trade.add_position()
    send = partial(desk.of_job, "send_order", desk.trade.ours.pk)
    assert send().status_code == 204
    return lambda: [send()]


def order_for_a_foreign_currency(desk: Desk) -> Deed:
    desk.trade.theirs.tenant.currency = "CHF"
    desk.trade.theirs.tenant.save()
    desk.choose()
    seen = shown(desk.trade.job, desk.trade.ours.contact, str(desk.trade.article.pk))
    return lambda: [desk.step("add_position", quantity=1, seen=seen)]


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (damaged_code, "Der Code wurde unterwegs beschädigt."),
        (half_a_code, "Der Code ist nicht vollständig."),
        (own_code, "Das ist ein Code dieser Installation selbst."),
        (expired_code, "abgelaufen. Bitte lass dir vom Partner einen neuen Code senden."),
        (code_entered_elsewhere, "Dieser Code wurde schon eingetragen."),
        (code_entered_twice, "Der Code dieses Partners ist schon eingetragen."),
        (code_of_a_server_without_tls, "In diesem Text steht kein Partner-Code, den"),
        (no_code_at_all, "In diesem Text steht kein Partner-Code, den"),
        (
            article_withdrawn_after_the_search,
            "Bassline Rental kennt das nicht oder hat es für euch nicht mehr freigegeben",
        ),
        (search_without_a_period, "Bitte gib den Zeitraum der Anmietung ein."),
        (job_without_a_period, "Dieses Feld ist zwingend erforderlich."),
        (quantity_0, "Eine Position braucht eine Menge von mindestens 1."),
        (second_click_on_send, "Es gibt nichts zu bestellen bei Bassline Rental: Alle Positionen sind schon bestellt."),
        (
            order_for_a_foreign_currency,
            "Die Preise sind in CHF, wir rechnen aber in EUR: Das kann hier nicht bestellt werden.",
        ),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(desk: Desk, case: Callable[[Desk], Deed], sentence: str) -> None:
    deed = case(desk)
    before = rows()
    assert all(sentence in text_of(answer) for answer in deed())
    assert rows() == before


@pytest.mark.parametrize("ask", [Desk.search, Desk.test])
@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (partner_not_reachable, "Der Server von Bassline Rental ist nicht erreichbar."),
        (partner_slow, "Der Server von Bassline Rental hat nicht rechtzeitig geantwortet."),
        (partner_answers_rubbish, "Unter der Adresse von Bassline Rental antwortet nicht deren Eventworx."),
        (partner_answers_500, "Der Server von Bassline Rental meldet einen eigenen Fehler."),
        (partner_signs_wrongly, "Die Antwort war nicht von Bassline Rental unterschrieben und wurde verworfen."),
    ],
)
def test_a_bad_partner_gets_a_sentence_and_changes_nothing(
    desk: Desk, case: Callable[[Desk], None], sentence: str, ask: Callable[[Desk], HttpResponse]
) -> None:
    case(desk)
    before, started = our_rows(desk.trade.ours.tenant), timezone.now()
    assert sentence in text_of(ask(desk))
    assert timezone.now() - started < timedelta(seconds=2)
    assert our_rows(desk.trade.ours.tenant) == before


def test_a_dead_mail_server_is_visible_and_tried_again(desk: Desk) -> None:
    """Nothing but the mail itself learns of it."""
    desk.settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    desk.settings.EMAIL_HOST, desk.settings.EMAIL_PORT = "127.0.0.1", free_port()
    assert desk.of_contact("send_code", desk.keyed).status_code == 302
    before, mail = rows(), MailMessage.objects.get()
    send_mail(mail_id=mail.pk, now=mail.next_attempt_at)
    after = rows()
    assert {model for model in after if after[model] != before[model]} == {MailMessage}
    mail.refresh_from_db()
    assert mail.state == "queued"
    assert mail.next_attempt_at > timezone.now()
    tab = desk.admin.get(mail.tenant.url("partners:tab", desk.keyed.contact_id))
    assert "Connection refused" in text_of(tab)
