"""The examples of docs/protocol.md, and the two companies that they are about: fixed names, numbers and times."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from eventworx.audit import Actor
from inventory.models import Article
from jobs.positions import SupplierTerms, add_sub_rental_position
from partners.access import AccessLevel
from partners.models import PartnerConnection
from partners.orders import send_order
from partners.protocol.keys import KeyPair
from partners.protocol.signing import API_ROOT, fresh_nonce, needs_idempotency_key, sign_request
from partners.releases import release
from partners.transport import RawAnswer
from tests.factories import make_article, make_category, make_connection, make_job, make_picture, make_tenant
from tests.fakes import deliver
from tests.partners.api.asking import reserve_row
from tests.source import ROOT

BEGINNING = datetime(2027, 6, 1, 8, tzinfo=UTC)
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
REST = "…"
NEXT_KEY = KeyPair.from_raw(bytes(range(32)))
IDS = {
    "buyer's connection": "6f1f4f0e-5d0a-4a53-9f0b-0a4f5d3c2b11",
    "supplier's connection": "b7c9d2a4-3e61-4f8e-8a57-91d0c6e4f722",
    "buyer's key": "1f0e3dad99908345",
    "order": "01972ab3-5c00-7d3e-8f21-6b9a4c5d7e80",
    "line": "5a0c8c56-7c1e-4b7c-9d57-3c1f0c0b9a01",
}
_BLOCK = re.compile(r"^```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(
    r"(?P<method>[A-Z]+) (?P<target>\S+)\n(?P<body>.*?)→ (?P<status>\d{3})(?: (?P<type>\S+))?\n(?P<answer>.*)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """A request as it stands on the page, and its answer. `target` is below /api/partner/v1 or begins with a dot."""

    method: str
    target: str
    body: Any
    status: int
    content_type: str
    answer: Any

    @property
    def name(self) -> str:
        return f"{self.method} {self.target.partition('?')[0]}"


def is_short_order(example: Example) -> bool:
    """Whether it is the order that repeats another: the one at level 3."""
    return example.name == "POST /orders" and REST in example.body


def examples(page: str = PAGE) -> Iterator[Example]:
    """Every block of the page that is marked as http, in order."""
    for block in _BLOCK.findall(page):
        found = _EXAMPLE.fullmatch(block)
        assert found, f"no example: {block}"
        answer = json.loads(found["answer"] or "null")
        media_type = found["type"] or ("application/json" if answer else "")
        yield Example(
            found["method"],
            found["target"],
            json.loads(found["body"] or "null"),
            int(found["status"]),
            media_type,
            answer,
        )


@dataclass
class Companies:
    """Aurora (buyer) and Bassline (supplier) as the page tells of them; `names`: its ids, and those in the database."""

    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aurora = make_tenant("aurora", "Aurora Veranstaltungstechnik", wire_id="aurora-7Qm2xT")
        bassline = make_tenant("bassline", "Bassline Rental", wire_id="bassline-9Kd4bV")
        self.buyer, self.supplier = make_connection(aurora, peer=bassline)
        self.supplier.contact.discount_percent = Decimal("12.50")
        self.supplier.contact.save()
        self.names |= {
            IDS["buyer's connection"]: str(self.buyer.pk),
            IDS["supplier's connection"]: str(self.supplier.pk),
            IDS["buyer's key"]: self.buyer.own_key().keyid,
        }
        self.article = self._stock()
        release(connection=self.supplier, actor=Actor(label="Berta Boss"), everything=True)

    def _stock(self) -> Article:
        bassline = self.supplier.tenant
        light = make_category(bassline, "Licht", pk=12)
        scale = bassline.factor_scales.create(
            name="Staffel",
            steps=[{"days": 1, "factor": "1"}, {"days": 3, "factor": "2"}],
            extra_day_factor=Decimal("0.5"),
        )
        article = make_article(
            bassline,
            "MAC Aura XB",
            pk=4711,
            owned=10,
            number="L-1042",
            category=make_category(bassline, "Moving Heads", pk=31, parent=light),
            manufacturer="Martin",
            manufacturer_part_number="90232010",
            gtin="5706681229042",
            weight_kg=Decimal("6.500"),
            rental_price=Decimal("25.00"),
            factor_scale=scale,
            picture=make_picture(bassline),
        )
        make_article(bassline, "MAC Viper Profile", pk=4712, number="L-1050")
        start = BEGINNING + timedelta(days=31)
        reserve_row(article, 4, start, start + timedelta(days=1))
        return article

    def order_of_the_buyer(self) -> None:
        """Aurora has sent the order of the page, so that Bassline can report on it."""
        terms = SupplierTerms(
            article_id=str(self.article.pk),
            number=self.article.number,
            unit_cost=self.article.rental_price,
            discount_percent=Decimal("12.50"),
            factors=(),
            extra_day_factor=Decimal(0),
            currency="EUR",
        )
        tenant = self.buyer.tenant
        own = make_article(tenant, "MAC Aura XB", owned=0)
        job = make_job(tenant)
        add_sub_rental_position(job=job, article=own, supplier=self.buyer.contact, quantity=4, terms=terms)
        sent = send_order(connection=self.buyer, job=job, actor=Actor(label="Anna"), now=timezone.now())
        self.names |= {IDS["order"]: str(sent.order_id), IDS["line"]: sent.document["lines"][0]["id"]}

    def ask(self, example: Example) -> RawAnswer:
        """Send the request of the page, signed by whose it is; the answer with the ids of the page."""
        if example.target.startswith("/.well-known"):
            raw = Client().get(example.target)
            return RawAnswer(raw.status_code, tuple(raw.headers.items()), raw.content)
        if example.name == "POST /order-events":
            self.order_of_the_buyer()
        if is_short_order(example):
            self.supplier.level, self.supplier.verified_at = AccessLevel.AUTOMATIC, timezone.now()
            self.supplier.save()
        caller = self.supplier if example.name == "POST /order-events" else self.buyer
        target = API_ROOT + self._renamed(example.target)
        body = json.dumps(self.real(example.body)).encode() if example.body else b""
        answer = deliver(example.method, target, _signed(caller, example.method, target, body), body)
        return RawAnswer(answer.status, answer.headers, self._as_on_the_page(answer.body))

    def real(self, document: Any) -> Any:
        """A document of the page, whole and with the ids of the database."""
        if REST in document:
            asked = next(example.body for example in examples() if example.name == "POST /orders")
            document = asked | {name: value for name, value in document.items() if name != REST}
        return json.loads(self._renamed(json.dumps(document)))

    def _renamed(self, text: str) -> str:
        for on_page, real in self.names.items():
            text = text.replace(on_page, real)
        return text

    def _as_on_the_page(self, body: bytes) -> bytes:
        for on_page, real in self.names.items():
            body = body.replace(real.encode(), on_page.encode())
        return body


def _signed(caller: PartnerConnection, method: str, target: str, body: bytes) -> dict[str, str]:
    assert caller.peer_connection_id
    sign = partial(
        sign_request,
        method=method,
        origin=caller.peer_origin,
        target=target,
        connection_id=caller.peer_connection_id,
        key=caller.own_key(),
        now=timezone.now(),
        nonce=fresh_nonce(),
        body=body,
    )
    if not needs_idempotency_key(method, target):
        return sign()
    new_key = (NEXT_KEY, fresh_nonce()) if target.endswith("/keys") else None
    return sign(idempotency_key=uuid4(), new_key=new_key)
