"""The job dialogue, contacts and inquiries in a real browser: by keyboard, in both themes, wide and narrow."""

from collections.abc import Callable
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from eventworx.tenants.models import Tenant, User
from eventworx.tenants.roles import Role
from jobs.holds import hold_material
from jobs.inquiries import InquiryLineData, receive_inquiry
from jobs.models import Job
from jobs.positions import SupplierTerms, add_position, add_sub_rental_position
from jobs.states import JobState
from jobs.sub_rentals import create_order
from tests.axe import assert_axe_clean, assert_fits
from tests.factories import SUMMER, make_article, make_contact, make_job, make_tenant, make_user

ENDLESS = "W" * 120  # as a partner's article may be called: it must not push figures out of sight
TERMS = SupplierTerms("77", "B-77", Decimal(20), Decimal(10), (), Decimal(0), "EUR")


@pytest.fixture
def job(transactional_db: None, enter: Callable[[User], None]) -> Job:
    """An order of Aurora with a short, an ordered and a hired position; the browser is logged in."""
    aurora = make_tenant("aurora", "Aurora Veranstaltungstechnik")
    job = make_job(aurora, state=JobState.ORDER, title="Stadtfest Ehrenfeld, große Hauptbühne")
    supplier = make_contact(aurora, "Bassline Rental", is_supplier=True)
    hazer = make_article(aurora, "Nebelmaschine", owned=1100, rental_price=Decimal(1250))
    add_position(job=job, article=hazer, quantity=1130)
    for ordered in (True, False):
        article = make_article(aurora, "MegaPointe" if ordered else ENDLESS)
        add_sub_rental_position(job=job, article=article, supplier=supplier, quantity=2, terms=TERMS)
        if ordered:
            create_order(job=job, supplier=supplier, created_by=None)
    enter(make_user(aurora, Role.ADMIN))
    return job


def held_quote(order: Job) -> Job:
    """With an option for all that is free."""
    quote = make_job(order.tenant, order.customer)
    add_position(job=quote, article=make_article(order.tenant, "PAR 64", owned=2), quantity=3)
    return hold_material(job=quote, until=SUMMER.start, now=timezone.now())


def every_page(tenant: Tenant, job: Job) -> list[str]:
    line = InquiryLineData(wire_id=uuid4(), article=make_article(tenant, ENDLESS, owned=1), quantity=3)
    inquiry = receive_inquiry(
        tenant=tenant,
        customer=job.customer,
        lines=[line],
        planning_period=SUMMER,
        usage_period=SUMMER,
        currency="EUR",
        logistics={"out": "collect"},
    )
    supplier, position = tenant.contacts.suppliers().get(), job.positions.in_order()[1]
    return [
        *(tenant.url(f"jobs:{name}") for name in ("dashboard", "list", "create", "inquiries")),
        *(tenant.url(f"jobs:{name}", job.pk) for name in ("detail", "edit")),
        tenant.url("jobs:position_edit", job.pk, position.pk),
        tenant.url("jobs:inquiry", inquiry.pk),
        *(f"{tenant.url('jobs:shortages')}?day={SUMMER.start:%Y-%m-%d}&by={by}" for by in ("article", "job")),
        f"{tenant.url('partners:cover')}?position={job.positions.in_order()[0].pk}",
        held_quote(job).get_absolute_url(),
        *(tenant.url(f"jobs:{name}", supplier.pk) for name in ("of_contact", "articles_of_supplier")),
        *(tenant.url(f"contacts:{name}") for name in ("list", "create")),
        *(tenant.url(f"contacts:{name}", supplier.pk) for name in ("detail", "edit", "people", "person_create")),
    ]


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_pages_are_accessible_and_fit(
    page: Page, live_server: LiveServer, job: Job, complaints: list[str], theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    for path in every_page(job.tenant, job):
        page.goto(live_server.url + path, wait_until="networkidle")
        assert_axe_clean(page)
        assert_fits(page)


def test_positions_are_added_by_keyboard(page: Page, live_server: LiveServer, job: Job, complaints: list[str]) -> None:
    page.goto(live_server.url + job.get_absolute_url(), wait_until="networkidle")
    rows = page.locator("#positions tbody tr")
    expect(rows).to_have_count(3)
    make_article(job.tenant, "Stroboskop", owned=6)
    page.get_by_label("Eigene Artikel suchen").press_sequentially("strobo")
    expect(page.locator("#own-hits")).to_contain_text("6 von 6")
    page.keyboard.press("Tab")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(4)
    expect(page.locator("#own-hits")).to_contain_text("2 von 6")
    expect(page.get_by_label("Menge von Stroboskop")).to_be_focused()
    page.get_by_label("Eigener Bestand").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#material")).to_contain_text("Partner")
    page.keyboard.press("ArrowRight")
    page.get_by_label("Beschreibung").fill("Transport")
    page.get_by_label("Preis", exact=False).last.fill("180,50")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(5)
    expect(rows.last).to_contain_text("180,50")
    up = rows.last.get_by_role("button", name="„Transport“ nach oben")
    up.focus()
    page.keyboard.press("Enter")
    expect(rows.nth(3)).to_contain_text("Transport")
    expect(rows.nth(3).get_by_role("button", name="„Transport“ nach oben")).to_be_focused()


def test_the_list_follows_the_typing(page: Page, live_server: LiveServer, job: Job, complaints: list[str]) -> None:
    make_job(job.tenant, title="Messe Köln")
    page.goto(live_server.url + job.tenant.url("jobs:list"))
    page.get_by_label("Suche").press_sequentially("koeln")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.wait_for_url("**q=koeln**")
    page.reload()
    expect(page.locator("#list tbody tr")).to_have_count(1)
