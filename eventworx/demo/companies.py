"""Two rental companies to try everything with: Aurora hires, Bassline lends. Read from `data/<company>.json`.

Everything goes through the use-cases that pages call, so the demo can hold nothing that a user could not have made;
what is reserved is reserved under the same lock. Only the calendar depends on the day.
"""

import json
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from eventworx.contacts.contacts import add_person, create_contact
from eventworx.contacts.models import Contact
from eventworx.demo.catalogue import load_catalogue
from eventworx.demo.logins import Login, keep_logins, kept_logins, new_password
from eventworx.demo.luminaires import DATA
from eventworx.periods import Period
from eventworx.tenants.models import Tenant, User
from inventory.models import Article
from jobs.models import Job
from jobs.planning import create_job, set_state
from jobs.positions import add_position
from jobs.states import JobState

COMPANIES = ("aurora", "bassline")
# The rest of a tenant is as it starts out.
TENANT_FIELDS = "slug name street postcode city phone mail_sender_name mail_reply_to".split()
DAYS_OF_NOTICE = 2  # the weekend that everybody wants lies at least so far ahead


def load_company(*, name: str, now: datetime) -> list[Login]:
    """The logins of a demo company ("aurora", "bassline"), which is made unless its tenant is there already."""
    if Tenant.objects.filter(slug=name).exists():
        return kept_logins()
    return _make_company(name, now)


@transaction.atomic
def _make_company(name: str, now: datetime) -> list[Login]:
    plan = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    tenants = {tenant["slug"]: _make_tenant(tenant, now) for tenant in plan["tenants"]}
    logins = [_make_user(tenants, **user) for user in plan["users"]]
    keep_logins(logins)
    return logins


def _make_tenant(company: dict[str, Any], now: datetime) -> Tenant:
    tenant = Tenant.objects.create(**{field: company[field] for field in TENANT_FIELDS})
    articles = load_catalogue(tenant=tenant, company=company)
    contacts = {contact["name"]: _make_contact(tenant, **contact) for contact in company["contacts"]}
    friday = busy_friday(now.astimezone(tenant.zone).date())
    for job in company["jobs"]:
        _make_job(tenant, friday, contacts[job["customer"]], articles, job)
    return tenant


def _make_user(tenants: dict[str, Tenant], *, email: str, name: str, roles: dict[str, str]) -> Login:
    """A user with a role in each of `roles`; the login is listed with the first."""
    password, (first_name, last_name) = new_password(), name.split(" ", 1)
    user = User.objects.create_user(email, password, first_name=first_name, last_name=last_name)
    for slug, role in roles.items():
        tenants[slug].memberships.create(user=user, role=role)
    slug, role = next(iter(roles.items()))
    return Login(slug, ", ".join(tenants[slug].name for slug in roles), role, name, email, password)


def _make_contact(
    tenant: Tenant,
    *,
    is_customer: bool = False,
    is_supplier: bool = False,
    people: tuple[tuple[str, str, str], ...] = (),
    **fields: Any,
) -> Contact:
    contact = create_contact(tenant=tenant, is_customer=is_customer, is_supplier=is_supplier, **fields)
    for name, position, email in people:
        add_person(contact=contact, name=name, position=position, email=email)
    return contact


def busy_friday(today: date) -> date:
    """The Friday that the demo's calendar turns around: 2 to 8 days from `today`."""
    earliest = today + timedelta(days=DAYS_OF_NOTICE)
    return earliest + timedelta(days=(4 - earliest.weekday()) % 7)


def _make_job(
    tenant: Tenant, friday: date, customer: Contact, articles: dict[str, Article], plan: dict[str, Any]
) -> Job:
    usage = _usage(tenant, friday + timedelta(days=plan["weekday"] - 4, weeks=plan["week"]), plan["days"])
    job = create_job(
        tenant=tenant,
        title=plan["title"],
        customer=customer,
        planning_period=usage.widened(timedelta(hours=20), timedelta(hours=13)),
        usage_period=usage,
        venue=plan["venue"],
        customer_reference=plan.get("customer_reference", ""),
    )
    for name, quantity in plan["positions"].items():
        add_position(job=job, article=articles[name], quantity=quantity or _all_of(articles[name]))
    return set_state(job=job, state=JobState(plan["state"])) if plan["state"] != JobState.INQUIRY else job


def _usage(tenant: Tenant, first: date, days: int) -> Period:
    """From ten in the morning of the first day to eleven in the evening of the last."""
    last = first + timedelta(days=days - 1)
    return Period(
        datetime.combine(first, time(10), tenant.zone),
        datetime.combine(last, time(23), tenant.zone),
    )


def _all_of(article: Article) -> int:
    return article.owned - article.out_of_service
