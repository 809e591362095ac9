"""Which installation this is: one id in two places, and what it means when they part (security.md §2)."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from eventworx import installation
from eventworx.audit import Actor
from eventworx.installation import (
    Installation,
    InstanceFileUnusable,
    NothingToAdopt,
    Standing,
    adopt,
    in_quarantine,
    look,
)
from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from tests.fakes import NeverLooksAgain
from tests.source import ROOT

BOSS = Actor("Boss")


def become_a_copy(instance_file: Path) -> None:
    """The database was copied to another machine, which has a file of its own."""
    assert look() is Standing.ORIGINAL
    instance_file.write_text("0" * 32)


def test_the_first_start_gives_an_id(instance_file: Path) -> None:
    assert look() is Standing.ORIGINAL
    assert instance_file.read_text() == Installation.objects.get().instance_id
    assert instance_file.stat().st_mode & 0o777 == 0o600
    assert look() is Standing.ORIGINAL


def test_a_start_that_ended_halfway_is_finished(instance_file: Path) -> None:
    """The file is written first; an empty database is nobody's copy."""
    look()
    Installation.objects.all().delete()
    kept = instance_file.read_text()
    assert look() is Standing.ORIGINAL
    assert Installation.objects.get().instance_id == kept


@pytest.mark.parametrize(
    ("part", "standing"),
    [
        (Path.unlink, Standing.FILE_MISSING),
        (lambda file: file.write_text("0" * 32), Standing.OTHER_ID),
        (lambda file: file.write_text(""), Standing.FILE_UNUSABLE),
        (lambda file: file.write_text("../etc/passwd"), Standing.FILE_UNUSABLE),
        (lambda file: file.write_bytes(b"\xff" * 32), Standing.FILE_UNUSABLE),
        (lambda file: (file.unlink(), file.mkdir()), Standing.FILE_UNUSABLE),
    ],
)
def test_whatever_is_not_the_same_id_is_quarantine(
    instance_file: Path, part: Callable[[Path], object], standing: Standing
) -> None:
    look()
    part(instance_file)
    assert look() is standing
    assert in_quarantine()


def test_a_file_that_cannot_be_made_is_quarantine_and_no_crash(instance_file: Path) -> None:
    instance_file.parent.write_text("a file where the folder should be")
    assert look() is Standing.FILE_UNUSABLE
    assert not Installation.objects.exists()


def test_there_is_one_row_only(instance_file: Path) -> None:
    look()
    with pytest.raises(IntegrityError), transaction.atomic():
        Installation.objects.create(pk=2, instance_id="0" * 32)


def test_a_change_is_noticed_within_seconds_and_asked_for_no_oftener(
    instance_file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [100.0]
    watch = installation.Watch(clock=lambda: now[0])
    monkeypatch.setattr(installation, "LOOK_AGAIN_AFTER", 5.0)
    assert not watch.in_quarantine()
    become_a_copy(instance_file)
    with CaptureQueriesContext(connection) as queries:
        assert not any(watch.in_quarantine() for _ in range(1000))
    assert len(queries) == 0
    now[0] += 5
    with CaptureQueriesContext(connection) as queries, caplog.at_level(logging.ERROR):
        assert all(watch.in_quarantine() for _ in range(1000))
    assert len(queries) == 1
    assert [record.message for record in caplog.records] == [f"installation: {Standing.OTHER_ID.value}"]


def test_adopting_makes_it_the_only_one(instance_file: Path, aurora: Tenant, bassline: Tenant) -> None:
    become_a_copy(instance_file)
    before = Installation.objects.get().instance_id
    now = timezone.now()
    adopt(actor=BOSS, now=now)
    row = Installation.objects.get()
    assert look() is Standing.ORIGINAL
    assert row.since == now
    assert instance_file.read_text() == row.instance_id
    assert row.instance_id not in {before, "0" * 32}
    for tenant in (aurora, bassline):
        (entry,) = tenant.audit_entries.filter(action=installation.ADOPTED)
        assert (entry.actor_label, entry.detail["because"]) == ("Boss", "OTHER_ID")


@pytest.mark.parametrize("rubbish", ["", "../etc/passwd"])
def test_a_fresh_database_beside_a_file_without_an_id_is_adopted(
    instance_file: Path, aurora: Tenant, rubbish: str
) -> None:
    instance_file.parent.mkdir()
    instance_file.write_text(rubbish)
    assert look() is Standing.FILE_UNUSABLE
    adopt(actor=BOSS, now=timezone.now())
    assert look() is Standing.ORIGINAL
    assert instance_file.read_text() == Installation.objects.get().instance_id
    assert aurora.audit_entries.get(action=installation.ADOPTED).detail["because"] == "FILE_UNUSABLE"


def test_a_folder_that_cannot_be_written_is_named(instance_file: Path) -> None:
    instance_file.parent.write_text("a file where the folder should be")
    with pytest.raises(InstanceFileUnusable, match=str(instance_file)):
        adopt(actor=BOSS, now=timezone.now())
    assert not Installation.objects.exists()


def test_there_is_nothing_to_adopt_where_nothing_was_copied(instance_file: Path, aurora: Tenant) -> None:
    look()
    before = instance_file.read_text()
    with pytest.raises(NothingToAdopt):
        adopt(actor=BOSS, now=timezone.now())
    assert instance_file.read_text() == before
    assert not aurora.audit_entries.exists()


def test_an_adoption_that_fails_changes_nothing(instance_file: Path, aurora: Tenant) -> None:
    look()
    instance_file.unlink()
    instance_file.mkdir()
    before = Installation.objects.get().instance_id
    with pytest.raises(InstanceFileUnusable, match=str(instance_file)):
        adopt(actor=BOSS, now=timezone.now())
    assert Installation.objects.get().instance_id == before
    assert not aurora.audit_entries.exists()
    assert in_quarantine()


def test_the_command_tells_and_adopts(instance_file: Path, monkeypatch: pytest.MonkeyPatch, aurora: Tenant) -> None:
    said = StringIO()
    call_command("installation", "status", stdout=said)
    assert Standing.ORIGINAL.value in said.getvalue()
    become_a_copy(instance_file)
    with pytest.raises(CommandError, match="In quarantine") as refused:
        call_command("installation", "status", stdout=said)
    assert refused.value.returncode == 1
    for answer in ("", "n", "maybe"):
        monkeypatch.setattr("builtins.input", lambda _question, answer=answer: answer)
        with pytest.raises(CommandError, match="Nothing was changed") as refused:
            call_command("installation", "adopt", stdout=said)
        assert refused.value.returncode == 2
    assert in_quarantine()
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    call_command("installation", "adopt", stdout=said)
    assert not in_quarantine()
    with pytest.raises(CommandError, match=r"nothing to adopt|nichts zu übernehmen"):
        call_command("installation", "adopt", "--yes", stdout=said)
    assert aurora.audit_entries.get().actor_label.startswith("manage.py installation (")


@pytest.mark.sqlite
def test_processes_that_start_together_agree(migrated: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "EWX_DATA_DIR": str(migrated.parent),
        "DATABASE_URL": f"sqlite:///{migrated}",
        "DJANGO_SETTINGS_MODULE": "eventworx.settings",
    }
    command = [sys.executable, "manage.py", "installation", "status"]
    started = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(5)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
    assert {process.returncode for process in started} == {0}


# --- what people see ------------------------------------------------------------------------------
@pytest.mark.parametrize("role", list(Role))
def test_every_member_reads_on_every_page_that_it_is_a_copy(
    aurora: Tenant, log_in: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    client = log_in(aurora, role)
    pages = ["/aurora/", "/aurora/contacts/", "/aurora/jobs/", "/accounts/password/change/", "/aurora/nowhere/"]
    said = "Diese Installation gilt als Kopie."
    assert not any(said in client.get(page).content.decode() for page in pages)
    monkeypatch.setattr(installation, "watch", NeverLooksAgain(Standing.FILE_MISSING))
    for page in pages:
        content = client.get(page).content.decode()
        assert content.count(said) == 1
        assert "manage.py installation adopt" in content


def test_strangers_are_told_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "watch", NeverLooksAgain(Standing.FILE_MISSING))
    for page in ("/accounts/login/", "/healthz", "/.well-known/ewx-partner"):
        response = Client().get(page)
        assert response.status_code == 200
        assert b"Kopie" not in response.content
        assert b"adopt" not in response.content
