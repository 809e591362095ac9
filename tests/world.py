"""A company with one of everything that belongs to a tenant, so that every page has something to show."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from eventworx.audit import Actor, chain_everything
from eventworx.contacts.models import Contact
from eventworx.messaging.mail import Attachment, queue_mail
from eventworx.messaging.models import MailState
from eventworx.periods import Period
from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Role
from inventory.models import ImportState, StockMovementKind
from inventory.stock import add_movement
from jobs.goods import hand_out, take_back
from jobs.models import Inquiry, SubRentalOrder
from jobs.positions import SupplierTerms, add_position, add_sub_rental_position
from jobs.states import JobState
from partners import connections, matching, outbox, pairing, search, transport
from partners.models import Delivery
from partners.orders import send_order
from partners.protocol.pairing_code import encode
from partners.releases import release
from partners.tasks import HANDLERS
from tests.factories import (
    make_article,
    make_category,
    make_connection,
    make_contact,
    make_job,
    make_picture,
    make_tenant,
    make_user,
)
from tests.fakes import InProcess
from tests.inventory.article_lists.doing import checked, hand_in
from tests.partners.codes import foreign_code
from tests.partners.trade import shown


def deliver_all() -> None:
    """What the worker does until nothing is due."""
    while due := list(Delivery.objects.due(timezone.now()).values_list("pk", flat=True)):
        for pk in due:
            outbox.attempt(delivery_id=pk, now=timezone.now(), handlers=HANDLERS)


OURS, THEIRS = "Kanarienvogel", "Gelbspoetter"  # words that stand in every text of one company and of no other


def logged_in(user: User) -> str:
    """The session of somebody who has just logged in, as the cookie holds it."""
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside did not happen: the next one meets the same things."""
    before = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)


@contextlib.contextmanager
def around_many_tests(django_db_blocker: Any) -> Iterator[None]:
    """A transaction like that around each test, for what is built once and looked at often; taken back in the end."""
    around = transaction.atomic()
    around._from_testcase = True  # type: ignore[attr-defined]
    with django_db_blocker.unblock(), around:
        yield
        transaction.set_rollback(True)


@contextlib.contextmanager
def two_worlds(django_db_blocker: Any) -> "Iterator[tuple[World, World]]":
    """Two companies and their one lender, built once."""
    with around_many_tests(django_db_blocker), pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "current", InProcess())
        lender = make_tenant("bassline", "Bassline Rental")
        yield World("aurora", OURS, lender), World("cymbal", THEIRS, lender)


class World:
    """All that a company has; `word` stands in every text of its own. `lender` is a partner of the same database.

    `role` says who of its members is looking: `message` is one to that person.
    """

    def __init__(self, slug: str, word: str, lender: Tenant) -> None:
        self.word, self.lender, self.role = word, lender, Role.ADMIN
        self.tenant = make_tenant(slug, street=f"{word}weg 1")
        self.actor = Actor(label=word)
        self._people()
        self._stock()
        self._lists()
        self._jobs()
        self._pairing()
        self._partner()
        self._order()
        self._inquiry()
        chain_everything()

    def _people(self) -> None:
        named = {"last_name": self.word}
        self.users = {role: make_user(self.tenant, role, **named) for role in Role}
        self.sessions = {role: logged_in(user) for role, user in self.users.items()}
        self.colleague = Membership.objects.get(user=make_user(self.tenant, Role.SALES, **named))
        self.customer = make_contact(self.tenant, f"{self.word} GmbH", note=self.word)
        self.person = self.customer.people.create(tenant=self.tenant, name=self.word)
        written = {"subject": self.word, "body": self.word}
        self.messages = {
            role: self.tenant.inbox_messages.create(recipient=user, **written) for role, user in self.users.items()
        }
        attachment = Attachment(f"{self.word}.pdf", "application/pdf", self.word.encode())
        self.mail = queue_mail(
            tenant=self.tenant,
            to=f"{self.word}@kunde.example",
            topic="test",
            template="test",
            context={},
            language="de",
            contact=self.customer,
            attachments=[attachment],
        )
        self.mail.state, self.mail.last_error = MailState.FAILED, self.word
        self.mail.save()

    @property
    def message(self) -> Any:
        return self.messages[self.role]

    def _stock(self) -> None:
        steps = [{"days": 1, "factor": "1"}]
        self.category = make_category(self.tenant, self.word)
        self.scale = self.tenant.factor_scales.create(name=self.word, steps=steps, extra_day_factor=Decimal(1))
        named = {"category": self.category, "factor_scale": self.scale, "number": f"{self.word}-1"}
        self.picture = make_picture(self.tenant)
        self.tenant.catalogue_words.create(word=self.word.lower())
        named |= {"picture": self.picture, "description": self.word}
        self.article = make_article(self.tenant, f"{self.word} PAR", **named)
        self.other_article = make_article(self.tenant, f"{self.word} Nebel", buffer_after_minutes=60)
        now = timezone.now()
        kind = StockMovementKind.ADDITION
        self.movement = add_movement(article=self.article, kind=kind, quantity=1, start=now, note=self.word)

    def _lists(self) -> None:
        """Lists of articles at each of their steps; one line of the second is wrong."""
        lines = f"Nummer;Name;GTIN\n{self.word}-7;{self.word};\n{self.word}-8;;4006381333932\n"
        self.list_read, self.list_checked, self.list_broken = (
            hand_in(self.tenant, lines, name=f"{self.word}.csv") for _ in range(3)
        )
        checked(self.list_checked, skip_bad_lines=True)
        self.tenant.article_imports.filter(pk=self.list_broken.pk).update(state=ImportState.INTERRUPTED)

    def _jobs(self) -> None:
        soon = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=10)
        self.day = f"{soon:%Y-%m-%d}"
        self.period = Period(soon, soon + timedelta(days=3))
        self.job = self._job(self.customer, state=JobState.ORDER)
        self.quote = self._job(self.customer)
        self.position = add_position(job=self.job, article=self.article, quantity=2)
        self.reservation = self.position.reservation
        self.text_position = add_position(job=self.job, description=self.word, quantity=1, unit_price=Decimal(5))
        self.hold_until = f"{timezone.now() + timedelta(days=5):%Y-%m-%dT%H:%M}"
        self.out = self._job(self.customer, state=JobState.ORDER)
        add_position(job=self.out, article=self.article, quantity=1)
        hand_out(job=self.out, actor=self.actor, at=timezone.now())
        self.back = self._job(self.customer, state=JobState.ORDER)
        add_position(job=self.back, article=self.article, quantity=1)
        hand_out(job=self.back, actor=self.actor, at=self.back.planning_start)
        take_back(job=self.back, at=self.back.planning_end)
        early = self._job(self.customer, state=JobState.ORDER)
        add_position(job=early, article=self.other_article, quantity=1)
        hand_out(job=early, actor=self.actor, at=timezone.now())
        take_back(job=early, at=timezone.now())
        self.short_position = add_position(job=self.job, article=self.other_article, quantity=50)

    def _job(self, customer: Contact, **fields: Any) -> Any:
        return make_job(customer.tenant, customer, period=self.period, title=self.word, venue=self.word, **fields)

    def _pairing(self) -> None:
        """One contact just switched on, one whose key is made."""
        named = {"is_supplier": True, "email": f"{self.word}@elsewhere.example"}
        self.draft = make_contact(self.tenant, f"{self.word} Neu", **named)
        self.keyed = make_contact(self.tenant, f"{self.word} Bald", **named)
        for contact in (self.draft, self.keyed):
            connections.switch_on(contact=contact, actor=self.actor, now=timezone.now())
        pairing.start_pairing(contact=self.keyed, actor=self.actor, now=timezone.now())
        self.code = encode(foreign_code())

    def _partner(self) -> None:
        """A connection that stands; of the partner's articles one is linked, one is only picked."""
        both = {"is_customer": True, "is_supplier": True, "email": f"{self.word}@partner.example"}
        self.partner = make_contact(self.tenant, f"{self.word} Partner", **both)
        self.connection, self.theirs = make_connection(self.tenant, self.partner, peer=self.lender)
        release(connection=self.theirs, actor=self.actor, everything=True)
        release(connection=self.connection, actor=self.actor, category=self.category)
        self.mark = self.connection.releases.get()
        connections.pull_brake(tenant=self.tenant, connection=self.connection, actor=self.actor, now=timezone.now())
        self.linked, self.unlinked = (str(self._picked(name)) for name in ("Wash", "Beam"))
        matching.link_article(
            tenant=self.tenant,
            contact=self.partner,
            partner_article_id=self.linked,
            article=self.other_article,
            actor=self.actor,
        )
        self.link = self.tenant.article_links.get()
        self._gathered()

    def _gathered(self) -> None:
        """What the partner answered when each of our people asked all of ours."""
        times = {"period": self.job.planning_period, "usage": self.job.usage_period}
        answer = search.search_partner(connection=self.connection, query="", **times)
        self.gatherings = {role: uuid4() for role in self.users}
        for role, user in self.users.items():
            asked = {"asker": user, "dialog": uuid4(), "gathering": self.gatherings[role], "asked_at": timezone.now()}
            row = self.tenant.gathered_answers.create(connection=self.connection, **asked)
            row.keep(now=timezone.now(), document=answer.document)

    @property
    def gathering(self) -> Any:
        return self.gatherings[self.role]

    def _picked(self, name: str) -> int:
        article = make_article(self.lender, name, picture=make_picture(self.lender))
        times = {"period": self.job.planning_period, "usage": self.job.usage_period}
        search.fetch_listing(connection=self.connection, article_id=str(article.pk), **times)
        return article.pk

    def _order(self) -> None:
        """An order that the supplier has got, and a position that is not ordered yet."""
        self._hire()
        send = {"connection": self.connection, "job": self.job, "actor": self.actor, "now": timezone.now()}
        self.order: SubRentalOrder = send_order(**send, remark=self.word).sub_rental_order
        deliver_all()
        self._hire()
        self.spare_position = self._hire_what_is_free()

    def _hire_what_is_free(self) -> Any:
        """To be hired, although our own would do."""
        terms = SupplierTerms("1", "1", Decimal(1), Decimal(0), (), Decimal(0), "EUR")
        named = {"article": self.article, "supplier": self.partner}
        return add_sub_rental_position(job=self.quote, quantity=1, terms=terms, **named)

    def _hire(self) -> None:
        named = {"partner_article_id": self.linked, "connection": self.connection}
        search.add_partner_position(job=self.job, quantity=2, seen=self.seen, **named)

    @property
    def seen(self) -> str:
        """The price of what is linked, as a form carries it."""
        return shown(self.job, self.partner, self.linked)

    def _inquiry(self) -> None:
        """The partner hires from us."""
        terms = SupplierTerms(
            article_id=str(self.article.pk),
            number=self.article.number,
            unit_cost=self.article.rental_price,
            discount_percent=Decimal(0),
            factors=(),
            extra_day_factor=Decimal(0),
            currency="EUR",
        )
        job = self._job(make_contact(self.lender))
        named = {"article": make_article(self.lender, owned=0), "supplier": self.theirs.contact}
        add_sub_rental_position(job=job, quantity=1, terms=terms, **named)
        ordered = send_order(connection=self.theirs, job=job, actor=self.actor, now=timezone.now(), remark=self.word)
        self.order_id = ordered.order_id
        deliver_all()
        self.inquiry: Inquiry = self.tenant.inquiries.get()

    def value(self, name: str) -> Any:
        """What stands in an address or a form for `name`: the id of a thing of ours, or a text."""
        found = getattr(self, name)
        return found.pk if hasattr(found, "pk") else found
