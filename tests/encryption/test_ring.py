"""The key file: made once, read again when it changes, and what is wrong with it is said without showing it."""

import base64
import copy
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from pytest_django import Settings

from eventworx.encryption import CannotOpen, Place, RingUnusable, create_ring, open_sealed, seal
from eventworx.encryption.ring import MasterKey, as_text, current_ring, read_ring, write_ring
from tests.source import ROOT

HERE = Place("table", "1", "field", 1)
ONE, OTHER = MasterKey(b"k" * 32), MasterKey(b"m" * 32)


def test_a_ring_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "master.keys"
    create_ring(path)
    made = path.read_text()
    create_ring(path)
    assert path.read_text() == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["master.keys"]


def test_processes_that_start_together_end_with_one_ring(tmp_path: Path) -> None:
    """Real ones, without a schema and at the same moment: each prints the ring that it uses."""
    environment = {
        "PATH": os.environ["PATH"],
        "EWX_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "eventworx.settings",
    }
    code = "import eventworx.encryption.ring as r; print(r.current_ring()[0].id)"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    printed = {process.communicate()[0] for process in started}
    assert printed == {f"{read_ring(tmp_path / 'master.keys')[0].id}\n"}


def test_a_ring_that_an_operator_named_is_not_replaced_by_a_fresh_one(key_file: Path) -> None:
    key_file.unlink()
    with pytest.raises(RingUnusable, match="cannot be read: No such file"):
        seal(b"plain", HERE)
    assert not key_file.exists()


def test_the_embedded_default_makes_its_ring(key_file: Path, settings: Settings) -> None:
    key_file.unlink()
    settings.EWX_KEY_FILE_IS_DEFAULT = True
    assert open_sealed(seal(b"plain", HERE), HERE) == b"plain"


@pytest.mark.parametrize("padding", ["", "="])
def test_keys_are_read_with_and_without_padding(tmp_path: Path, padding: str) -> None:
    path = tmp_path / "master.keys"
    path.write_text(f"\n{as_text((ONE,)).strip().rstrip('=')}{padding}\r\n\n")
    assert read_ring(path) == (ONE,)


def test_both_alphabets_are_read(tmp_path: Path) -> None:
    """Operators take what `openssl rand -base64 32` gives."""
    path = tmp_path / "master.keys"
    path.write_bytes(base64.b64encode(b"\xff" * 32))
    assert read_ring(path) == (MasterKey(b"\xff" * 32),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("{one}{one}", "holds the same key twice"),
        ("{one}not a key at all\n", "Line 2 of the key file .* is no key"),
        ("{one}" + "ü" * 43, "Line 2 of the key file .* is no key"),
        ("{one}\x00\n", "Line 2 of the key file .* is no key"),
        (base64.urlsafe_b64encode(b"k" * 31).decode(), "Line 1 of the key file .* has 31 bytes instead of 32"),
        (base64.urlsafe_b64encode(b"k" * 64).decode(), "Line 1 of the key file .* has 64 bytes instead of 32"),
        (b"k".hex() * 32, "Line 1 of the key file .* has 48 bytes instead of 32"),
    ],
)
def test_a_damaged_ring_is_refused_in_a_sentence_that_shows_nothing_of_it(key_file: Path, text: str, said: str) -> None:
    key_file.write_text(text.replace("{one}", as_text((ONE,))))
    with pytest.raises(RingUnusable, match=said) as refused:
        seal(b"plain", HERE)
    shown = "".join(traceback.format_exception(refused.value))
    assert str(key_file) in shown
    for line in filter(None, map(str.strip, key_file.read_text().splitlines())):
        assert line.strip("=") not in shown


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(key_file: Path) -> None:
    key_file.unlink()
    key_file.mkdir()
    with pytest.raises(RingUnusable, match="cannot be read: Is a directory"):
        seal(b"plain", HERE)


def test_running_processes_see_a_new_ring(key_file: Path) -> None:
    write_ring(key_file, (ONE,))
    before = seal(b"before", HERE)
    write_ring(key_file, (OTHER, ONE))
    after = seal(b"after", HERE)
    assert [before.split(".")[1], after.split(".")[1]] == [ONE.id, OTHER.id]
    assert open_sealed(before, HERE) == b"before"
    write_ring(key_file, (OTHER,))
    with pytest.raises(CannotOpen, match="is not in the ring"):
        open_sealed(before, HERE)


def test_an_unknown_key_makes_us_look_again(key_file: Path) -> None:
    """Even where the file looks as it did before: same inode, size and time."""
    write_ring(key_file, (ONE,))
    with key_file.open("r+") as file:
        current_ring()
        at = os.fstat(file.fileno()).st_mtime_ns
        file.write(as_text((OTHER,)))
    os.utime(key_file, ns=(at, at))
    sealed = f"v1.{OTHER.id}." + seal(b"x", HERE).partition(f"{ONE.id}.")[2]
    with pytest.raises(CannotOpen, match="does not open here"):
        open_sealed(sealed, HERE)
    assert current_ring() == (OTHER,)


def test_the_file_keeps_its_place_behind_a_link(key_file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.keys"
    link.symlink_to(key_file)
    write_ring(link, (ONE,))
    assert link.is_symlink()
    assert read_ring(key_file) == (ONE,)


def test_what_a_killed_writer_left_is_overwritten(key_file: Path) -> None:
    left = key_file.with_name(".master.keys.new")
    left.write_text("half a")
    left.chmod(0o644)
    write_ring(key_file, (ONE,))
    assert read_ring(key_file) == (ONE,)
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert not left.exists()


def test_a_link_left_in_the_way_leads_nowhere_else(key_file: Path, tmp_path: Path) -> None:
    key_file.with_name(".master.keys.new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RingUnusable, match="cannot be written"):
        write_ring(key_file, (ONE,))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("make_copy", [copy.copy, copy.deepcopy, pickle.dumps], ids=lambda function: function.__name__)
def test_a_master_key_is_not_copied_anywhere(make_copy: object) -> None:
    with pytest.raises(TypeError, match="not copied or stored"):
        make_copy(ONE)  # type: ignore[operator]


def test_the_file_stays_its_owners_whoever_runs_the_command(key_file: Path) -> None:
    """Root, above all: else the servers could not read it any more."""
    owner = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(key_file, owner, -1)
    write_ring(key_file, (ONE,))
    assert key_file.stat().st_uid == owner
    os.chown(key_file.parent, owner, -1)
    key_file.unlink()
    create_ring(key_file)
    assert key_file.stat().st_uid == owner
