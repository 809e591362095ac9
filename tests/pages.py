"""Every page of a tenant: who may, and how it is called so that it works. One table, by URL name."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client

from eventworx.tenants.roles import Role
from tests.world import World

EVERYBODY = frozenset(Role)
STOCK = frozenset({Role.ADMIN, Role.SALES, Role.WAREHOUSE})
OFFICE = frozenset({Role.ADMIN, Role.SALES})
ADMIN = frozenset({Role.ADMIN})


@dataclass(frozen=True)
class Call:
    """`path` names things of the world whose ids stand in the address; values with an @ do so in the data."""

    method: str
    status: int
    path: tuple[str, ...]
    data: dict[str, str] = field(default_factory=dict)
    target: str = ""

    def ids(self, world: World) -> list[Any]:
        return [world.value(name) for name in self.path]

    def filled(self, world: World) -> dict[str, Any]:
        return {name: world.value(text[1:]) if text[:1] == "@" else text for name, text in self.data.items()}

    def send(self, client: Client, url: str, data: dict[str, Any]) -> HttpResponse:
        headers = {"HX-Request": "true", "HX-Target": self.target} if self.target else {}
        return getattr(client, self.method)(url, data, headers=headers)


def see(*path: str, target: str = "", **data: str) -> Call:
    return Call("get", 200, path, data, target)


def do(status: int, *path: str, target: str = "", **data: str) -> Call:
    return Call("post", status, path, data, target)


@dataclass(frozen=True)
class Page:
    """`lists`: its answer shows things of the tenant although its address names none."""

    roles: frozenset[Role]
    calls: tuple[Call, ...]
    lists: bool = False


def page(roles: frozenset[Role], *calls: Call) -> Page:
    return Page(roles, calls)


def listing(roles: frozenset[Role], *calls: Call) -> Page:
    return Page(roles, calls, lists=True)


TIMES = {
    "planning_start": "2027-07-01T08:00",
    "planning_end": "2027-07-04T20:00",
    "usage_start": "2027-07-02T08:00",
    "usage_end": "2027-07-03T20:00",
}
JOB = {"title": "Messe", "customer": "@customer", "tax_percent": "19", **TIMES}
PERIOD = {"start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}
CONTACT = {"name": "Neu", "country": "DE", "language": "de", "discount_percent": "0", "is_customer": "on"}
ARTICLE = {
    "name": "Spot",
    "number": "S-1",
    "kind": "rental",
    "unit": "Stück",
    "category": "@category",
    "factor_scale": "@scale",
    "rental_price": "12,50",
    "owned": "3",
    "out_of_service": "0",
    "buffer_before_minutes": "0",
    "buffer_after_minutes": "0",
}
MOVEMENT = {"kind": "addition", "quantity": "2", "start": "2027-07-01T08:00"}
CATEGORY = {"name": "Ton"}
STEPS = {"steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0", "steps-0-days": "1", "steps-0-factor": "1"}
SCALE = {"name": "Kurz", "extra_day_factor": "1", **STEPS}
POSITION = {"description": "Neu", "quantity": "3", "unit_price": "10", "discount_percent": "0"}
NEW_ARTICLE = {"name": "Beam", "unit": "Stück", "rental_price": "9,00", "category": "@category"}
MAPPED = {"column_0": "number", "column_1": "name", "notation": "comma", "bad_lines": "all"}
SETTINGS = {
    "name": "Neuer Name",
    "country": "DE",
    "language": "de",
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "tax_percent": "19",
}
BOTH_ROLES = {"is_customer": "on", "is_supplier": "on", "level": "2"}

INVENTORY = {
    "articles": listing(EVERYBODY, see(), see(target="list", q="par", category="@category")),
    "article_export": listing(EVERYBODY, see(), see(q="par", category="@category"), see(all="1")),
    "article_imports": listing(STOCK, see()),
    "article_import": page(
        STOCK,
        *(see(name) for name in ("list_read", "list_checked", "list_broken")),
        see("list_read", target="progress"),
        do(302, "list_checked", **MAPPED),
    ),
    "import_preview": page(STOCK, see("list_read", **MAPPED)),
    "import_start": page(STOCK, do(302, "list_checked")),
    "import_restart": page(STOCK, do(302, "list_broken")),
    "import_cancel": page(STOCK, do(302, "list_read")),
    "import_problems": page(STOCK, see("list_checked")),
    "article_create": page(STOCK, see(), do(302, **ARTICLE)),
    "article": page(EVERYBODY, see("article")),
    "article_timeline": page(EVERYBODY, see("article"), see("article", reach="quarter", day="2027-07-01")),
    "article_availability": page(EVERYBODY, see("article", target="availability", **PERIOD)),
    "timeline": listing(EVERYBODY, see(), see(target="list", q="par", category="@category"), see(table="on")),
    "picture": page(EVERYBODY, see("article", "picture")),
    "article_edit": page(STOCK, see("article"), do(302, "article", **ARTICLE)),
    "article_archive": page(STOCK, do(302, "other_article", archived="1")),
    "movement_create": page(STOCK, see("article"), do(302, "article", **MOVEMENT)),
    "movement_delete": page(STOCK, do(302, "article", "movement")),
    "categories": listing(EVERYBODY, see()),
    "category_create": page(STOCK, see(), do(302, parent="@category", **CATEGORY)),
    "category_edit": page(STOCK, see("category"), do(302, "category", **CATEGORY)),
    "scales": listing(EVERYBODY, see()),
    "scale_create": page(STOCK, see(), do(302, **SCALE)),
    "scale_edit": page(STOCK, see("scale"), do(302, "scale", **SCALE)),
}
JOBS = {
    "dashboard": listing(EVERYBODY, see()),
    "list": listing(EVERYBODY, see(), see(target="list")),
    "create": page(OFFICE, see(), do(302, **JOB)),
    "detail": page(EVERYBODY, see("job")),
    "edit": page(OFFICE, see("quote"), do(302, "quote", **JOB)),
    "set_state": page(OFFICE, do(302, "quote", state="order")),
    "hold": page(OFFICE, do(302, "quote", until="@hold_until")),
    "hold_release": page(OFFICE, do(302, "quote")),
    "hand_out": page(STOCK, do(302, "job")),
    "undo_hand_out": page(STOCK, do(302, "out")),
    "take_back": page(STOCK, do(302, "out")),
    "undo_take_back": page(STOCK, do(302, "back")),
    "job_pdf": page(EVERYBODY, see("job")),
    "positions": page(EVERYBODY, see("job")),
    "own_material": page(OFFICE, see("job"), see("job", target="own-hits", q="par")),
    "text_material": page(OFFICE, see("job")),
    "position_create": page(
        OFFICE,
        do(200, "job", target="material", article="@article", quantity="1"),
        do(200, "job", target="material", description="Fahrt", quantity="1", unit_price="50"),
    ),
    "position_edit": page(OFFICE, see("job", "position"), do(302, "job", "position", **POSITION)),
    "position_delete": page(OFFICE, do(302, "job", "position")),
    "take_over": page(OFFICE, do(302, "quote", "spare_position")),
    "position_move": page(OFFICE, do(200, "job", "position", target="positions")),
    "of_reservation": page(EVERYBODY, Call("get", 302, ("reservation",))),
    "order_pdf": page(EVERYBODY, see("order")),
    "of_contact": page(EVERYBODY, see("customer")),
    "articles_of_supplier": page(EVERYBODY, see("partner")),
    "shortages": listing(EVERYBODY, see(), see(day="@day", by="job")),
    "inquiries": listing(EVERYBODY, see(), see(target="list")),
    "inquiry": page(EVERYBODY, see("inquiry")),
}
CONTACTS = {
    "list": listing(EVERYBODY, see(), see(target="list")),
    "create": page(OFFICE, see(), do(302, **CONTACT)),
    "detail": page(EVERYBODY, see("customer")),
    "edit": page(OFFICE, see("customer"), do(302, "customer", **CONTACT)),
    "people": page(EVERYBODY, see("customer")),
    "person_create": page(OFFICE, see("customer"), do(302, "customer", name="Neu")),
    "person_edit": page(OFFICE, see("customer", "person"), do(302, "customer", "person", name="Neu")),
    "person_delete": page(OFFICE, do(302, "customer", "person")),
}
MESSAGING = {
    "inbox": listing(EVERYBODY, see(), see(target="list")),
    "read_all": page(EVERYBODY, do(302)),
    "message": page(EVERYBODY, see("message")),
    "mails": listing(OFFICE, see(), see(target="list")),
    "mail": page(OFFICE, see("mail")),
    "mail_state": page(OFFICE, see("mail", target="state")),
    "mail_retry": page(OFFICE, do(302, "mail")),
}
COMPANY = {
    "settings": listing(ADMIN, see(), do(302, **SETTINGS)),
    "test_mail": page(ADMIN, do(200, target="state")),
    "members": listing(ADMIN, see()),
    "member_create": page(ADMIN, see(), do(302, role="sales", email="neu@kunde.example")),
    "member_edit": page(ADMIN, see("colleague"), do(302, "colleague", role="warehouse")),
    "member_remove": page(ADMIN, do(302, "colleague")),
}
# Mission P7: only admins connect, release, test, pause and end.
PARTNER_ADMIN = {
    "set_roles": page(ADMIN, do(200, "partner", target="header", **BOTH_ROLES)),
    "switch": page(ADMIN, do(200, "partner", target="header"), do(200, "customer", target="header", on="1")),
    "tab": page(ADMIN, see("partner"), see("keyed", target="partner-standing")),
    "set_level": page(ADMIN, do(302, "partner", level="1")),
    "set_stock_terms": page(ADMIN, do(204, "partner", target="stock-terms", stock_mode="yes_no", stock_kept_back="2")),
    "set_guard_rails": page(ADMIN, do(204, "partner", target="guard-rails", most_units="20", lead_hours="24")),
    "brake": page(ADMIN, do(204, "partner", target="tab", on="1"), do(204, "partner", target="tab")),
    "brake_for_all": page(ADMIN, see(target="brake"), do(204, target="brake", on="1")),
    "connect": page(ADMIN, do(302, "draft")),
    "rotate_key": page(ADMIN, do(302, "partner")),
    "send_code": page(ADMIN, see("keyed"), do(302, "keyed")),
    "enter_code": page(ADMIN, see("keyed"), do(200, "keyed", code="@code")),
    "save_code": page(ADMIN, do(302, "keyed", code="@code")),
    "test": page(ADMIN, do(200, "partner", target="result")),
    "verify": page(ADMIN, do(302, "partner")),
    "disconnect": page(ADMIN, see("partner"), do(302, "partner")),
    "journal": page(ADMIN, see("partner"), see("partner", verify="1")),
    "journal_export": page(ADMIN, see("partner")),
    "releases": page(ADMIN, see("partner")),
    "release_visible": page(ADMIN, see("partner", target="seen")),
    "release_search": page(ADMIN, see("partner", target="hits", q="par")),
    "release_mark": page(ADMIN, do(200, "partner", target="panel", q="par", within="")),
    "view_as_partner": page(ADMIN, see("partner"), see("partner", target="seen", q="par")),
    "release_add": page(
        ADMIN,
        do(200, "partner", target="panel", article="@article"),
        do(200, "partner", target="panel", category="@category", excluded="1"),
    ),
    "release_remove": page(ADMIN, do(200, "partner", "mark", target="panel")),
}
PARTNERS = PARTNER_ADMIN | {
    "contact_header": page(EVERYBODY, see("partner")),
    "cover": page(OFFICE, see(position="@short_position")),
    "cover_offers": page(OFFICE, see(position="@position")),
    "cover_take": page(OFFICE, do(302, position="@short_position")),
    "material_source": page(OFFICE, see("job")),
    "search": page(
        OFFICE,
        see("job", target="hits", supplier="@connection", q="", **PERIOD),
        see("job", target="hits", supplier="", q="", **PERIOD),
    ),
    "gathered": page(OFFICE, see("job", "gathering", target="gathered"), see("job", "gathering", seen="1.0.0")),
    "gathered_further": page(OFFICE, see("job", "gathering", "connection", target="gathered", **PERIOD)),
    "picture": page(OFFICE, see("connection", "unlinked")),
    "pick": page(OFFICE, do(200, "job", "connection", "unlinked", target="step")),
    "candidates": page(OFFICE, see("job", "connection", "unlinked", q="par")),
    "proof": page(OFFICE, see("job", "connection", "linked", quantity="2")),
    "link": page(OFFICE, do(200, "job", "connection", "unlinked", target="step", article="@article")),
    "new_article": page(
        OFFICE,
        see("job", "connection", "unlinked", target="step"),
        do(200, "job", "connection", "unlinked", target="step", **NEW_ARTICLE),
    ),
    "add_position": page(OFFICE, do(200, "job", "connection", "linked", target="step", quantity="1", seen="@seen")),
    "job_orders": page(EVERYBODY, see("job")),
    "order_status": page(EVERYBODY, see("job", target="orders")),
    "send_order": page(OFFICE, do(204, "job", "connection", target="orders")),
    "withdraw": page(OFFICE, do(204, "job", "order", target="orders")),
    "inquiry_actions": page(EVERYBODY, see("inquiry")),
    "make_job": page(OFFICE, do(204, "inquiry", target="actions")),
    "confirm": page(OFFICE, do(204, "inquiry", target="actions")),
    "decline": page(OFFICE, do(204, "inquiry", target="actions", reason="Ausgebucht")),
    "links": listing(EVERYBODY, see(), see(target="list")),
    "unlink": page(OFFICE, do(302, "link")),
}
ROOMS = {
    "inventory": INVENTORY,
    "jobs": JOBS,
    "contacts": CONTACTS,
    "messaging": MESSAGING,
    "tenants": COMPANY,
    "partners": PARTNERS,
}
PAGES = {f"{room}:{name}": found for room, pages in ROOMS.items() for name, found in pages.items()}
