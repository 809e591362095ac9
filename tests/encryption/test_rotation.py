"""Master keys change while everything runs (security.md §1); killed anywhere, it goes on; nothing is ever lost."""

import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from eventworx.audit import Actor
from eventworx.encryption import CannotOpen, open_sealed, rotation, seal
from eventworx.encryption.columns import sealed_columns
from eventworx.encryption.ring import MasterKey, current_ring, read_ring, write_ring
from eventworx.encryption.rotation import GRACE, TooEarly, add_key, drop_old_keys, reseal, survey
from eventworx.tenants.models import Tenant
from partners import connections as life
from partners.models import ConnectionKey, KeySide, PartnerConnection
from partners.protocol.keys import KeyPair
from tests.encryption.canaries import leaks
from tests.factories import make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def keyed(aurora: Tenant, key_file: Path) -> list[PartnerConnection]:
    return [make_keyed(aurora) for _ in range(3)]


def make_keyed(tenant: Tenant) -> PartnerConnection:
    """A connection with a key pair of ours, sealed with the ring as it is."""
    row = tenant.partner_connections.create(contact=make_contact(tenant))
    life.add_key(connection=row, side=KeySide.OWN, key=KeyPair.generate(), now=timezone.now())
    return row


def rotate(*options: str) -> str:
    output = StringIO()
    call_command("rotate_encryption_keys", *options, stdout=output, stderr=output)
    return output.getvalue()


def refused(*options: str) -> tuple[int, str]:
    output = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("rotate_encryption_keys", *options, stdout=output, stderr=output)
    return error.value.returncode, f"{output.getvalue()}{error.value}"


def ids() -> list[str]:
    return [key.id for key in current_ring()]


def age(path: Path) -> None:
    """The ring was changed a while ago."""
    at = path.stat().st_mtime - GRACE.total_seconds()
    os.utime(path, (at, at))


def test_a_rotation_seals_everything_anew(keyed: list[PartnerConnection], key_file: Path) -> None:
    before = {row.pk: row.own_key().public for row in keyed}
    (old,) = ids()
    said = rotate()
    fresh, kept = ids()
    assert kept == old
    assert survey().by_key == {fresh: 3}
    assert {row.pk: row.own_key().public for row in keyed} == before
    assert f"Key {fresh} (seals): 3 values" in said
    assert "Verified: all 3 values open." in said
    assert key_file.stat().st_mode & 0o777 == 0o600


def test_on_two_machines_by_hand_each_opens_what_the_other_seals_at_every_step(
    keyed: list[PartnerConnection], key_file: Path, tmp_path: Path, settings: Settings
) -> None:
    """The steps of the operators' page: the new key last everywhere, then first everywhere, then the command on one."""
    (old,), fresh, other_file = read_ring(key_file), MasterKey.generate(), tmp_path / "other.keys"
    write_ring(other_file, (old,))
    for ring in ((old, fresh), (fresh, old)):
        for changed in (key_file, other_file):
            write_ring(changed, ring)
            for here, there in ((key_file, other_file), (other_file, key_file)):
                settings.EWX_KEY_FILE = here
                row = make_keyed(keyed[0].tenant)
                settings.EWX_KEY_FILE = there
                assert row.own_key()
    rotate()
    assert ids() == [fresh.id, old.id]
    for machine in (key_file, other_file):
        settings.EWX_KEY_FILE = machine
        assert (dict(survey(opening=True).by_key), survey(opening=True).broken) == ({fresh.id: 11}, [])


def test_an_interrupted_rotation_goes_on_without_another_key(keyed: list[PartnerConnection]) -> None:
    add_key()
    make_keyed(keyed[0].tenant)
    before = ids()
    assert "Would go on: 3 values" in rotate("--dry-run")
    assert "3 values sealed anew" in rotate()
    assert ids() == before
    assert survey().by_key == {before[0]: 4}


def test_a_dry_run_changes_nothing(keyed: list[PartnerConnection]) -> None:
    before = (ids(), survey().by_key)
    assert "Would add a fresh key and seal 3 values anew." in rotate("--dry-run")
    assert (ids(), survey().by_key) == before


def test_old_keys_go_when_nothing_needs_them(keyed: list[PartnerConnection], key_file: Path) -> None:
    rotate()
    fresh, old = ids()
    age(key_file)
    assert f"Dropped: {old}." in rotate("--drop-old")
    assert ids() == [fresh]
    assert "No key is without use." in rotate("--drop-old")
    assert "Verified: all 3 values open." in rotate("--verify")


def test_old_keys_stay_while_a_transaction_may_still_hold_their_values(
    keyed: list[PartnerConnection], key_file: Path
) -> None:
    rotate()
    before = ids()
    code, said = refused("--drop-old")
    assert code == 4
    assert "Try again at" in said
    assert ids() == before


def test_a_key_that_a_value_needs_is_never_dropped(keyed: list[PartnerConnection], key_file: Path) -> None:
    """Also where nobody finished sealing anew."""
    (old,) = ids()
    fresh = add_key().id
    add_key()
    age(key_file)
    assert drop_old_keys(now=timezone.now()) == [fresh]
    assert ids()[1:] == [old]
    assert survey(opening=True).broken == []


def test_the_grace_ends_to_the_second(keyed: list[PartnerConnection], key_file: Path) -> None:
    rotate()
    changed = datetime.fromtimestamp(key_file.stat().st_mtime, UTC)
    with pytest.raises(TooEarly):
        drop_old_keys(now=changed + GRACE - timedelta(seconds=1))
    assert len(drop_old_keys(now=changed + GRACE)) == 1


def test_values_that_do_not_open_are_named_and_stop_no_other(keyed: list[PartnerConnection], key_file: Path) -> None:
    """One of another row, one whose master key is gone."""
    mine, other, lost = (row.keys.get() for row in keyed)
    ConnectionKey.objects.filter(pk=mine.pk).update(sealed_private_key=other.sealed_private_key)
    gone = MasterKey.generate()
    ring = read_ring(key_file)
    write_ring(key_file, (gone,))
    ConnectionKey.objects.filter(pk=lost.pk).update(sealed_private_key=seal(b"x" * 32, lost.place))
    write_ring(key_file, ring)
    code, said = refused()
    assert code == 1
    named = re.findall(r"Does not open: partners.ConnectionKey.sealed_private_key of row (\S+)", said)
    assert sorted(named) == sorted([str(mine.pk), str(lost.pk)])
    assert "2 of 3 values do not open." in said
    assert f"Key {gone.id}, missing in the ring: 1 values" in said
    assert keyed[1].own_key()
    assert refused("--verify")[0] == refused("--drop-old")[0] == 1


@pytest.mark.parametrize("options", [(), ("--verify",), ("--dry-run",), ("--drop-old",)])
def test_a_damaged_ring_is_a_sentence_and_an_exit_code(
    keyed: list[PartnerConnection], key_file: Path, options: tuple[str, ...]
) -> None:
    before = key_file.read_text()
    key_file.write_text(before + "rubbish!\n")
    code, said = refused(*options)
    assert code == 3
    assert re.fullmatch(r"Line 2 of the key file .*/master.keys is no key in base64\.", said)
    assert before.strip() not in said


def test_a_value_changed_meanwhile_is_not_overwritten(keyed: list[PartnerConnection]) -> None:
    """Compare and set, where a database does not lock rows."""
    (column,) = (column for column in sealed_columns() if column.model is ConnectionKey)
    stale, fresh = keyed[0].keys.get(), keyed[0].keys.get()
    fresh.sealed_private_key = ""
    fresh.save()
    assert not column.replace(stale, seal(b"x", stale.place))
    assert keyed[0].keys.get().sealed_private_key == ""


def test_more_than_one_batch(keyed: list[PartnerConnection], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    said: list[str] = []
    add_key()
    assert reseal(report=said.append) == 3
    assert said == [f"partners.ConnectionKey.sealed_private_key: {count} sealed anew" for count in (2, 3)]


# --- with servers running -------------------------------------------------------------------------
@pytest.fixture
def writer(aurora: Tenant) -> Iterator[list[KeyPair]]:
    """Somebody who makes, changes and destroys keys until the test ends; the pairs that are stored at the end."""
    stored: list[KeyPair] = []
    ended = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        try:
            while not ended.is_set():
                row, pair = make_keyed(aurora), KeyPair.generate()
                key = row.keys.get()
                key.public_key, key.keyid = pair.public, pair.keyid
                key.seal_private_key(pair.secret_bytes())
                key.save()
                stored.append(pair)
                life.close(connection=make_keyed(aurora), actor=Actor("test"), now=row.created_at)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    yield stored
    ended.set()
    thread.join()
    assert failures == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_keys_rotate_beneath_running_servers(
    key_file: Path, aurora: Tenant, writer: list[KeyPair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 5)
    for _round in range(8):
        enough = len(writer) + 5
        while len(writer) < enough:
            time.sleep(0.01)
        assert "values open." in rotate()
    count = len(writer)
    found = {key.keyid: key for key in ConnectionKey.objects.exclude(sealed_private_key="")}
    for pair in writer[:count]:
        assert found[pair.keyid].open_private_key() == pair.secret_bytes()
    assert len(ids()) == 9


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_value_is_sealed_anew_as_it_is_after_waiting_for_its_lock(key_file: Path, aurora: Tenant) -> None:
    """A server writes the row that we are about to seal anew: we wait, and what he wrote stays."""
    row = make_keyed(aurora)
    add_key()
    pair, holds, may_commit = KeyPair.generate(), threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            key = ConnectionKey.objects.select_for_update().get(connection=row)
            key.public_key, key.keyid = pair.public, pair.keyid
            key.sealed_private_key = seal(pair.secret_bytes(), key.place)
            key.save()
            holds.set()
            may_commit.wait(10)
        connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    holds.wait(10)
    threading.Timer(0.5, may_commit.set).start()
    reseal(report=lambda _line: None)
    thread.join()
    assert row.own_key().public == pair.public
    assert survey(opening=True).broken == []


# --- stolen ---------------------------------------------------------------------------------------
def test_a_dump_of_the_database_holds_no_key(keyed: list[PartnerConnection], key_file: Path) -> None:
    """All tables as text, in every spelling that a secret may have (row 29)."""
    dump = dumped()
    assert keyed[0].keys.get().sealed_private_key in dump
    assert leaks(dump, [row.own_key().secret_bytes() for row in keyed] + [key.secret for key in current_ring()]) == []


def dumped() -> str:
    lines = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for found in cursor.fetchall():
                values = [bytes(value) if isinstance(value, memoryview) else value for value in found]
                lines.append(f"{values!r} {[v.hex() for v in values if isinstance(v, bytes)]}")
    return "\n".join(lines)


def test_the_dump_would_show_a_key_that_lies_open(keyed: list[PartnerConnection]) -> None:
    """Else the search above would prove nothing."""
    secret = keyed[0].own_key().secret_bytes()
    ConnectionKey.objects.filter(connection=keyed[0]).update(public_key=secret)
    keyed[1].contact.note = secret.hex()
    keyed[1].contact.save()
    assert len(leaks(dumped(), [secret])) >= 2


@pytest.mark.parametrize("moved", ["row", "tenant"])
def test_a_sealed_key_moved_in_the_database_does_not_open(
    keyed: list[PartnerConnection], bassline: Tenant, moved: str
) -> None:
    mine, other = keyed[0].keys.get(), keyed[1].keys.get()
    if moved == "row":
        ConnectionKey.objects.filter(pk=other.pk).update(sealed_private_key=mine.sealed_private_key)
    else:
        ConnectionKey.objects.filter(pk=other.pk).update(tenant=bassline)
    with pytest.raises(CannotOpen):
        keyed[1].own_key()
    assert open_sealed(mine.sealed_private_key, mine.place)
    # PostgreSQL would not even let such a row stand at the end of the transaction.
    ConnectionKey.objects.filter(pk=other.pk).update(tenant=other.tenant_id)
