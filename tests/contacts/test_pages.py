"""Pages of contacts: in German, with errors at the field, closed to strangers and to those who may only read."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from eventworx.contacts.contacts import update_contact, update_person
from eventworx.contacts.models import Contact
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from tests.factories import make_contact

LogIn = Callable[..., Client]
FORM = {
    "name": "Bühnenbau Süd",
    "is_supplier": "on",
    "email": "post@sued.example",
    "country": "AT",
    "language": "de",
    "discount_percent": "7,5",
}


def text(client: Client, url: str, **query: Any) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_supplier_is_created_with_german_numbers(aurora: Tenant, log_in: LogIn) -> None:
    answer = log_in(aurora, Role.SALES).post(aurora.url("contacts:create"), FORM)
    contact = aurora.contacts.get()
    assert answer["Location"] == contact.get_absolute_url()
    assert (contact.name, contact.is_customer, contact.is_supplier) == ("Bühnenbau Süd", False, True)
    assert (contact.number, contact.country, contact.discount_percent) == ("K-10001", "AT", Decimal("7.50"))


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "Dieses Feld ist zwingend erforderlich."),
        ({"email": "kein@"}, "email", "gültige E-Mail Adresse"),
        ({"discount_percent": "101"}, "discount_percent", "kleiner oder gleich"),
        ({"discount_percent": "viel"}, "discount_percent", "Bitte eine Zahl eingeben."),
        ({"is_supplier": ""}, "is_customer", "Wähle mindestens eines."),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    aurora: Tenant, log_in: LogIn, changes: dict[str, str], field: str, sentence: str
) -> None:
    given = {name: value for name, value in (FORM | changes).items() if value}
    answer = log_in(aurora).post(aurora.url("contacts:create"), given)
    assert sentence in str(answer.context["form"].errors[field])
    assert sentence in answer.content.decode()
    assert not aurora.contacts.exists()


def test_an_edit_keeps_the_roles_and_says_numbers_in_german(aurora: Tenant, log_in: LogIn) -> None:
    contact = make_contact(aurora, is_supplier=True, discount_percent=Decimal("12.5"))
    url, client = aurora.url("contacts:edit", contact.pk), log_in(aurora)
    assert 'value="12,5' in text(client, url)
    assert client.post(url, FORM | {"name": "Neu"}).status_code == 302
    contact.refresh_from_db()
    assert (contact.name, contact.is_customer, contact.is_supplier) == ("Neu", False, True)


def test_a_discount_given_meanwhile_is_not_taken_back_by_a_page_from_before(aurora: Tenant, log_in: LogIn) -> None:
    """It is the price of a partner: who only wrote down a telephone number means nothing by it."""
    contact = make_contact(
        aurora, "Bühnenbau Süd", email="post@sued.example", country="AT", discount_percent=Decimal(5)
    )
    url, client = aurora.url("contacts:edit", contact.pk), log_in(aurora)
    before = dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', text(client, url)))
    update_contact(contact=contact, discount_percent=Decimal(20), city="Graz")
    typed = FORM | {"discount_percent": "5,00", "phone": "+43 1"}
    assert client.post(url, typed | before).status_code == 302
    contact.refresh_from_db()
    assert (contact.phone, contact.discount_percent, contact.city) == ("+43 1", Decimal(20), "Graz")


def test_an_address_set_meanwhile_is_not_taken_back_by_the_page_of_a_person(aurora: Tenant, log_in: LogIn) -> None:
    contact, client = make_contact(aurora), log_in(aurora)
    person = contact.people.create(tenant=aurora, name="Ida", email="alt@sued.example", position="Einkauf")
    url = aurora.url("contacts:person_edit", contact.pk, person.pk)
    before = dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', text(client, url)))
    update_person(person=person, email="neu@sued.example", position="Leitung")
    typed = {"name": "Ida", "email": "alt@sued.example", "position": "", "phone": "+43 1"}
    assert client.post(url, typed | before).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.email, person.position, person.phone) == ("Ida", "neu@sued.example", "", "+43 1")


def test_search_and_role_narrow_the_list(aurora: Tenant, log_in: LogIn) -> None:
    make_contact(aurora, "Müller Licht")
    make_contact(aurora, "Bühnenbau Süd", is_supplier=True)
    client, url = log_in(aurora), aurora.url("contacts:list")
    assert "Müller Licht" in text(client, url, q="mueller")
    assert "Bühnenbau" not in text(client, url, q="mueller")
    assert "Müller Licht" not in text(client, url, role="supplier")
    assert "Nichts gefunden" in text(client, url, q="gibt es nicht")


def test_an_empty_list_says_what_to_do(aurora: Tenant, log_in: LogIn) -> None:
    assert "Neuer Kontakt" in text(log_in(aurora), aurora.url("contacts:list"))
    assert "Neuer Kontakt" not in text(log_in(aurora, Role.READ_ONLY), aurora.url("contacts:list"))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_a_fixed_number_of_queries(
    aurora: Tenant, log_in: LogIn, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        make_contact(aurora)
    client = log_in(aurora)
    with django_assert_num_queries(7):
        text(client, aurora.url("contacts:list"))


def test_the_tabs_stand_on_the_left(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora)
    page = text(client, make_contact(aurora, is_supplier=True).get_absolute_url())
    for label in ("Stammdaten", "Personen", "Jobs", "Artikel"):
        assert label in page.split('id="contact-tabs"')[1].split("</ul>")[0]
    assert '<li id="partner-tab" hidden>' in page
    tabs = text(client, make_contact(aurora).get_absolute_url()).split('id="contact-tabs"')[1].split("</ul>")[0]
    assert "Artikel" not in tabs


def test_people_are_kept_on_their_own_tab(aurora: Tenant, log_in: LogIn) -> None:
    contact, client = make_contact(aurora), log_in(aurora)
    assert "Noch keine Personen" in text(client, aurora.url("contacts:people", contact.pk))
    client.post(aurora.url("contacts:person_create", contact.pk), {"name": "Ida Sommer", "position": "Einkauf"})
    person = contact.people.get()
    client.post(aurora.url("contacts:person_edit", contact.pk, person.pk), {"name": "Ida Winter"})
    assert "Ida Winter" in text(client, aurora.url("contacts:people", contact.pk))
    client.post(aurora.url("contacts:person_delete", contact.pk, person.pk))
    assert not contact.people.exists()


def own_urls(tenant: Tenant, contact: Contact) -> dict[str, str]:
    person = contact.people.create(tenant=tenant, name="Ida")
    return {
        "contacts:list": tenant.url("contacts:list"),
        "contacts:create": tenant.url("contacts:create"),
        **{name: tenant.url(name, contact.pk) for name in ("contacts:detail", "contacts:edit", "contacts:people")},
        "contacts:person_create": tenant.url("contacts:person_create", contact.pk),
        "contacts:person_edit": tenant.url("contacts:person_edit", contact.pk, person.pk),
    }


def test_another_tenant_sees_nothing(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    contact = make_contact(aurora)
    owner, stranger = log_in(aurora), log_in(cymbal)
    for name, url in own_urls(aurora, contact).items():
        assert owner.get(url).status_code == 200, name
        assert stranger.get(url).status_code == 404, name
        foreign = url.replace("/aurora/", "/cymbal/")
        expected = 404 if any(part.isdigit() for part in url.split("/")) else 200
        assert stranger.get(foreign).status_code == expected, name


def test_readers_see_without_buttons_and_cannot_write(aurora: Tenant, log_in: LogIn) -> None:
    contact, reader = make_contact(aurora), log_in(aurora, Role.READ_ONLY)
    urls = own_urls(aurora, contact)
    for name, url in urls.items():
        writing = name.removeprefix("contacts:") in {"create", "edit", "person_create", "person_edit"}
        assert reader.get(url).status_code == (403 if writing else 200), name
        assert reader.post(url, FORM).status_code in {403, 405} or not writing
    assert "Bearbeiten" not in text(reader, urls["contacts:detail"])
    assert contact.people.count() == 1
