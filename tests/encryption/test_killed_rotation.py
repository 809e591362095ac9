"""A rotation of the keys at rest that is killed loses nothing (security.md §1)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eventworx.encryption.ring import read_ring
from tests.source import ROOT

ROWS = 1500


@pytest.fixture
def installation(migrated: Path) -> dict[str, str]:
    """The environment of a real one on SQLite with many sealed values."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "eventworx.settings",
        "EWX_DATA_DIR": str(migrated.parent),
        "DATABASE_URL": f"sqlite:///{migrated}",
        "PYTHONUNBUFFERED": "1",
    }
    manage(environment, "create_tenant", "aurora", "Aurora", "a@aurora.example")
    run(
        environment,
        "import django; django.setup()\n"
        "from eventworx.tenants.models import Tenant; from partners.models import ConnectionKey as Key\n"
        "tenant = Tenant.objects.get()\n"
        "contact = tenant.contacts.create(name='Bassline', number='1', is_customer=True)\n"
        "owner = tenant.partner_connections.create(contact=contact)\n"
        "make = lambda n: Key(tenant=tenant, connection=owner, side='own', keyid=str(n), state='retiring')\n"
        f"rows = [make(n) for n in range({ROWS})]\n"
        "for row in rows: row.seal_private_key(row.pk.bytes * 2); row.public_key = b''\n"
        "Key.objects.bulk_create(rows)\n",
    )
    return environment


def run(environment: dict[str, str], code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def opened_where_they_belong(environment: dict[str, str]) -> tuple[int, int]:
    """How many values hold what was sealed into their row, and under how many keys."""
    found = run(
        environment,
        "import django; django.setup()\n"
        "from partners.models import ConnectionKey as Key\n"
        "rows = list(Key.objects.all())\n"
        "print(sum(row.open_private_key() == row.pk.bytes * 2 for row in rows),"
        " len({row.sealed_private_key.split('.')[1] for row in rows}))",
    )
    right, keys = found.split()
    return int(right), int(keys)


@pytest.mark.sqlite
def test_a_killed_rotation_loses_nothing_and_goes_on(installation: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "rotate_encryption_keys"]
    killed_between = 0
    for lines_before_the_kill in (1, 2, 5, 3):
        process = subprocess.Popen(command, cwd=ROOT, env=installation, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        for _line in range(lines_before_the_kill):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        right, keys = opened_where_they_belong(installation)
        assert right == ROWS
        killed_between += keys == 2
    assert killed_between > 0
    said = manage(installation, "rotate_encryption_keys")
    assert f"Verified: all {ROWS} values open." in said
    assert opened_where_they_belong(installation) == (ROWS, 1)
    assert len(read_ring(tmp_path / "master.keys")) == 2
