"""The journal's chain: what was changed, removed, slipped in or cut off shows (mission P7)."""

import hashlib
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction
from django.db import connection as database
from django.db.models.signals import pre_save

from eventworx.audit import Actor, AuditEntry, AuditHead, chain, chain_everything, record, verify_chain
from eventworx.tasks import chain_journals
from eventworx.tenants.models import Tenant
from tests.crowd import at_once
from tests.trouble import trouble

ADA = Actor(label="Ada", address="192.0.2.7")


def write(tenant: Tenant, count: int = 1) -> None:
    for number in range(count):
        record(tenant=tenant, actor=ADA, action="tested", target=tenant, number=number, note="Grüße")


def change(statement: str, *values: object) -> None:
    """Past the application, as somebody with the database's password would."""
    with database.cursor() as cursor:
        cursor.execute(statement, values)


def test_an_untouched_journal_holds(aurora: Tenant, bassline: Tenant) -> None:
    write(aurora, 3)
    write(bassline, 2)
    assert chain_everything() == 5
    assert chain_everything() == 0
    for tenant, count in ((aurora, 3), (bassline, 2)):
        proof = verify_chain(tenant=tenant)
        assert (proof.holds, proof.entries, proof.waiting) == (True, count, 0)
    write(aurora)
    assert verify_chain(tenant=aurora).waiting == 1


def test_an_empty_journal_holds(aurora: Tenant) -> None:
    assert verify_chain(tenant=aurora).holds


def test_a_long_journal_is_chained_in_batches(aurora: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "BATCH", 2)
    write(aurora, 5)
    assert chain_everything() == 5
    assert list(aurora.audit_entries.chained().values_list("position", flat=True)) == [1, 2, 3, 4, 5]


def test_trouble_with_one_journal_holds_up_no_other_and_is_raised(
    aurora: Tenant, bassline: Tenant, cymbal: Tenant
) -> None:
    for tenant in (aurora, bassline, cymbal):
        write(tenant)
    with trouble(pre_save, AuditHead, where=lambda head: head.tenant == aurora), pytest.raises(OperationalError):
        chain_journals()
    assert [verify_chain(tenant=tenant).waiting for tenant in (aurora, bassline, cymbal)] == [1, 0, 0]
    chain_journals()
    assert verify_chain(tenant=aurora).waiting == 0


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE eventworx_auditentry SET actor_label = 'Bob' WHERE position = 2", 2),
        ("UPDATE eventworx_auditentry SET detail = '{}' WHERE position = 3", 3),
        ("UPDATE eventworx_auditentry SET address = '' WHERE position = 1", 1),
        ("DELETE FROM eventworx_auditentry WHERE position = 2", 2),
        ("DELETE FROM eventworx_auditentry WHERE position = 4", 4),
        ("UPDATE eventworx_audithead SET position = 3", 5),
        ("UPDATE eventworx_auditentry SET digest = 'f' WHERE position = 4", 4),
    ],
)
def test_what_was_done_past_the_application_shows(aurora: Tenant, statement: str, place: int) -> None:
    write(aurora, 4)
    chain_everything()
    change(statement)
    assert verify_chain(tenant=aurora).broken_at == place


def test_a_chain_worked_out_anew_is_given_away_by_an_earlier_digest_alone(aurora: Tenant) -> None:
    """The limit that the pages and the operators' guide name: whoever owns the database owns chain and head."""
    write(aurora, 3)
    chain_everything()
    before = verify_chain(tenant=aurora)
    change("UPDATE eventworx_auditentry SET actor_label = 'Bob', position = NULL, digest = ''")
    change("UPDATE eventworx_audithead SET position = 0, digest = %s", chain.START)
    chain_everything()
    after = verify_chain(tenant=aurora)
    assert (after.holds, after.entries) == (True, before.entries)
    assert after.digest != before.digest


def test_an_entry_slipped_in_shows(aurora: Tenant) -> None:
    write(aurora, 3)
    chain_everything()
    last = AuditEntry.objects.get(position=3)
    change("UPDATE eventworx_auditentry SET position = 4 WHERE id = %s", last.pk)
    AuditEntry(tenant=aurora, actor_label="Eve", action="tested", position=3, digest=last.digest).save()
    assert verify_chain(tenant=aurora).broken_at == 3


def test_entries_cannot_be_changed_through_the_application(aurora: Tenant) -> None:
    write(aurora)
    entry = aurora.audit_entries.get()
    for forbidden in (
        entry.save,
        entry.delete,
        aurora.audit_entries.all().delete,
        lambda: aurora.audit_entries.update(action="x"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            forbidden()


def test_a_place_is_given_once(aurora: Tenant) -> None:
    write(aurora)
    chain_everything()
    before = aurora.audit_entries.get()
    before.take_place(9, "0" * 64)
    after = aurora.audit_entries.get()
    assert (after.position, after.digest) == (before.position, before.digest)


def test_a_stranger_can_check_an_export_with_sha256_alone(aurora: Tenant, bassline: Tenant) -> None:
    write(aurora, 3)
    write(bassline)
    output = io.StringIO()
    call_command("journal", "export", "--tenant", "aurora", stdout=output)
    digest = "0" * 64
    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    for line in lines:
        said = f"{digest}\n{line['position']}\n{line['content']}"
        digest = hashlib.sha256(said.encode()).hexdigest()
        assert line["digest"] == digest
    assert len(lines) == 3
    assert digest == AuditHead.of(aurora.pk).digest


def test_the_command_says_what_is_broken(aurora: Tenant, bassline: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    write(aurora, 2)
    write(bassline)
    call_command("journal", "verify")
    assert capsys.readouterr().out.count("holds") == 2
    change("UPDATE eventworx_auditentry SET action = 'x' WHERE position = 2 AND tenant_id = %s", aurora.pk)
    with pytest.raises(CommandError):
        call_command("journal", "verify")
    assert "aurora: BROKEN at entry 2" in capsys.readouterr().out
    call_command("journal", "verify", "--tenant", "bassline")
    with pytest.raises(CommandError) as caught:
        call_command("journal", "verify", "--tenant", "nobody")
    assert caught.value.returncode == 2


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_write_while_many_chain() -> None:
    tenant = Tenant.objects.create(slug="delta", name="Delta")

    def writing() -> None:
        for _ in range(40):
            with transaction.atomic():
                write(tenant)

    def chaining() -> None:
        for _ in range(40):
            chain_everything()

    at_once(writing, writing, writing, chaining, chaining)
    chain_everything()
    proof = verify_chain(tenant=tenant)
    assert (proof.holds, proof.entries, proof.waiting) == (True, 120, 0)
