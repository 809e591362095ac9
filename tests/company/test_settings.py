"""The company's own settings: who may, what is kept, what the journal says."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from eventworx.audit import AuditEntry
from eventworx.messaging.models import MailState
from eventworx.messaging.tasks import send_due_mails
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from tests.mailserver import MailServer

LogIn = Callable[..., Client]
GIVEN = {
    "name": "Aurora AG",
    "street": "Lichtweg 1",
    "postcode": "20095",
    "city": "Hamburg",
    "country": "DE",
    "phone": "",
    "language": "de",
    "time_zone": "Europe/Vienna",
    "currency": "EUR",
    "tax_percent": "7,00",
    "mail_sender_name": "Aurora Dispo",
    "mail_reply_to": "dispo@aurora.example",
}


def test_settings_are_saved_and_written_down(aurora: Tenant, log_in: LogIn) -> None:
    client, url = log_in(aurora), aurora.url("tenants:settings")
    page = client.post(url, GIVEN, follow=True)
    assert page.redirect_chain == [(url, 302)]
    assert "Gespeichert." in page.content.decode()
    aurora.refresh_from_db()
    assert (aurora.name, aurora.time_zone, str(aurora.tax_percent)) == ("Aurora AG", "Europe/Vienna", "7.00")
    entry = AuditEntry.objects.about(aurora).get()
    assert entry.action == "settings_updated"
    assert entry.detail["changed"]["name"] == ["Aurora Veranstaltungstechnik", "Aurora AG"]
    assert "country" not in entry.detail["changed"]


def test_saving_without_a_change_writes_no_entry(aurora: Tenant, log_in: LogIn) -> None:
    client, url = log_in(aurora), aurora.url("tenants:settings")
    client.post(url, GIVEN)
    client.post(url, GIVEN)
    assert AuditEntry.objects.about(aurora).count() == 1


def test_a_currency_chosen_meanwhile_is_not_taken_back_by_a_page_from_before(aurora: Tenant, log_in: LogIn) -> None:
    client, url = log_in(aurora), aurora.url("tenants:settings")
    client.post(url, GIVEN)
    before = dict(re.findall(r'name="(initial-[a-z_]+)"(?: value="([^"]*)")?', client.get(url).content.decode()))
    client.post(url, GIVEN | {"currency": "CHF", "tax_percent": "8,10"})
    client.post(url, GIVEN | before | {"city": "Kiel"})
    aurora.refresh_from_db()
    assert (aurora.city, aurora.currency, str(aurora.tax_percent)) == ("Kiel", "CHF", "8.10")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("tax_percent", "101"),
        ("time_zone", "Moon"),
        ("mail_reply_to", "nobody"),
        ("currency", "KWD"),  # of which thousandths cannot be kept
    ],
)
def test_wrong_settings_change_nothing(aurora: Tenant, log_in: LogIn, field: str, value: str) -> None:
    answer = log_in(aurora).post(aurora.url("tenants:settings"), GIVEN | {field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    aurora.refresh_from_db()
    assert aurora.name == "Aurora Veranstaltungstechnik"


@pytest.mark.parametrize("role", [Role.SALES, Role.WAREHOUSE, Role.READ_ONLY])
def test_only_administrators_reach_the_settings(aurora: Tenant, log_in: LogIn, role: Role) -> None:
    client = log_in(aurora, role)
    for name in ("settings", "members", "member_create"):
        assert client.get(aurora.url(f"tenants:{name}")).status_code == 403
    assert client.post(aurora.url("tenants:test_mail")).status_code == 403
    assert aurora.url("tenants:settings") not in client.get(aurora.url("messaging:inbox")).content.decode()


def test_another_companys_settings_do_not_exist(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    assert log_in(cymbal).get(aurora.url("tenants:settings")).status_code == 404


def test_test_mail_shows_what_becomes_of_it(aurora: Tenant, log_in: LogIn, smtp: MailServer) -> None:
    client = log_in(aurora)
    shown = client.post(aurora.url("tenants:test_mail")).content.decode()
    mail = aurora.mails.get()
    poll = f'hx-get="{aurora.url("messaging:mail_state", mail.pk)}"'
    assert poll in shown
    send_due_mails()
    shown = client.get(aurora.url("messaging:mail_state", mail.pk)).content.decode()
    assert "Gesendet an" in shown
    assert poll not in shown
    assert smtp.sent_to(mail.to)[0]["Subject"] == "Testmail von Aurora Veranstaltungstechnik"


def test_test_mail_says_why_it_failed(aurora: Tenant, log_in: LogIn, smtp: MailServer) -> None:
    smtp.refusal = "550 mailbox closed"
    client = log_in(aurora)
    client.post(aurora.url("tenants:test_mail"))
    send_due_mails()
    mail = aurora.mails.get()
    assert mail.state == MailState.FAILED
    shown = client.get(aurora.url("messaging:mail_state", mail.pk)).content.decode()
    assert "550 mailbox closed" in shown
    assert "hx-get" not in shown
