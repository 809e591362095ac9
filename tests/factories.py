"""Rows for tests, as few words as possible. Every factory takes what matters and makes up the rest."""

import io
import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone
from PIL import Image

from eventworx.contacts.models import Contact
from eventworx.periods import Period
from eventworx.tenants.models import Membership, Tenant, User
from eventworx.tenants.roles import Role
from inventory.models import Article, Category, Picture
from inventory.pictures import encoded
from jobs.models import Job
from jobs.states import JobState
from partners.models import KeySide, PartnerConnection
from partners.protocol.keys import KeyPair
from partners.protocol.versions import OURS

_serial = itertools.count(1)
PASSWORD = "a good long password"
SUMMER = Period(datetime(2027, 7, 1, 6, tzinfo=UTC), datetime(2027, 7, 4, 18, tzinfo=UTC))


def make_tenant(slug: str, name: str | None = None, **fields: Any) -> Tenant:
    return Tenant.objects.create(slug=slug, name=name or slug.title(), **fields)


def make_user(tenant: Tenant, role: Role = Role.SALES, **fields: Any) -> User:
    email = fields.pop("email", f"{role.value}{next(_serial)}@{tenant.slug}.example")
    user = User.objects.create_user(email, PASSWORD, **fields)
    Membership.objects.create(tenant=tenant, user=user, role=role)
    return user


def make_contact(tenant: Tenant, name: str = "Kunde GmbH", **fields: Any) -> Contact:
    if not {"is_customer", "is_supplier"} & fields.keys():
        fields["is_customer"] = True
    number = fields.pop("number", f"K-{next(_serial)}")
    return tenant.contacts.create(name=name, number=number, **fields)


def make_category(tenant: Tenant, name: str = "Licht", **fields: Any) -> Category:
    return tenant.categories.create(name=name, **fields)


def make_article(tenant: Tenant, name: str = "PAR 64", owned: int = 10, **fields: Any) -> Article:
    number = fields.pop("number", f"A-{next(_serial)}")
    fields.setdefault("rental_price", Decimal("10.00"))
    return tenant.articles.create(name=name, number=number, owned=owned, **fields)


def photo(kind: str = "PNG", size: tuple[int, int] = (60, 40), color: str = "teal", **options: Any) -> bytes:
    """A picture file as somebody would upload it."""
    written = io.BytesIO()
    Image.new("RGB", size, color).save(written, kind, **options)
    return written.getvalue()


def make_picture(tenant: Tenant, color: str = "teal") -> Picture:
    return tenant.pictures.create(content=encoded(photo(color=color)))


def make_job(
    tenant: Tenant,
    customer: Contact | None = None,
    state: JobState = JobState.QUOTE,
    period: Period = SUMMER,
    **fields: Any,
) -> Job:
    """A job whose usage lies half a day inside its planning period."""
    number = fields.pop("number", f"J-{next(_serial)}")
    return tenant.jobs.create(
        number=number,
        title=fields.pop("title", "Sommerfest"),
        customer=customer or make_contact(tenant),
        state=state,
        planning_start=period.start,
        planning_end=period.end,
        usage_start=fields.pop("usage_start", period.start + timedelta(hours=12)),
        usage_end=fields.pop("usage_end", period.end - timedelta(hours=12)),
        tax_percent=fields.pop("tax_percent", tenant.tax_percent),
        **fields,
    )


def make_connection(
    tenant: Tenant, contact: Contact | None = None, *, peer: Tenant, level: int = 2, **fields: Any
) -> tuple[PartnerConnection, PartnerConnection]:
    """A connected pair (ours, theirs) of two tenants of one database; each side's contact is both customer and
    supplier. The rows are made directly: an installation refuses codes of its own."""
    ours = _connection_side(tenant, contact or make_contact(tenant, peer.name, is_customer=True, is_supplier=True))
    theirs = _connection_side(peer, make_contact(peer, tenant.name, is_customer=True, is_supplier=True))
    pairs = {tenant: KeyPair.generate(), peer: KeyPair.generate()}
    for side, other in ((ours, theirs), (theirs, ours)):
        side.peer_connection_id = other.pk
        side.peer_origin = settings.EWX_ORIGIN
        side.peer_tenant_id, side.peer_display_name = other.tenant.wire_id, other.tenant.name
        side.level = level
        side.peer_capabilities = sorted(OURS.capabilities)
        _key(side, KeySide.OWN, pairs[side.tenant])
        _key(side, KeySide.PEER, pairs[other.tenant])
        side.save()
    for name, value in fields.items():
        setattr(ours, name, value)
    ours.save()
    return ours, theirs


def _connection_side(tenant: Tenant, contact: Contact) -> PartnerConnection:
    now = timezone.now()
    return tenant.partner_connections.create(
        contact=contact, code_sent_at=now, code_expires_at=now + timedelta(days=14), peer_key_at=now, connected_at=now
    )


def _key(connection: PartnerConnection, side: KeySide, pair: KeyPair) -> None:
    key = connection.keys.model(
        tenant=connection.tenant, connection=connection, side=side, keyid=pair.keyid, public_key=pair.public
    )
    if side is KeySide.OWN:
        key.seal_private_key(pair.secret_bytes())
    key.save()
