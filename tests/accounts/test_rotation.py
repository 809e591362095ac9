"""Second factors survive a change of the master keys, and what was used stays used (security.md §1)."""

from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from pytest_django import Settings

from eventworx.encryption.columns import sealed_columns
from eventworx.encryption.ring import create_ring, current_ring
from eventworx.encryption.rotation import survey
from tests.accounts.doing import SET_UP, Person, totp


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path) -> None:
    settings.EWX_KEY_FILE, settings.EWX_KEY_FILE_IS_DEFAULT = tmp_path / "keys" / "master.keys", False
    create_ring(settings.EWX_KEY_FILE)


def test_both_secrets_are_registered() -> None:
    assert {"mfa.Authenticator.data.secret", "mfa.Authenticator.data.seed"} <= set(map(str, sealed_columns()))


def test_after_a_rotation_people_log_in_as_before(
    key_file: None, guarded: Person, clock: time_machine.Traveller, capsys: pytest.CaptureFixture[str]
) -> None:
    codes, again, thief = guarded.recovery_codes(), guarded.elsewhere(), guarded.elsewhere()
    for person in (again, thief):
        person.enter_password()
    again.enter_code(codes[0])
    call_command("rotate_encryption_keys")
    found = survey(opening=True)
    assert (dict(found.by_key), found.broken) == ({current_ring()[0].id: 2}, [])
    thief.enter_code(codes[0])
    assert not thief.is_inside()
    thief.enter_code(codes[1])
    assert thief.is_inside()
    app = guarded.elsewhere()
    app.enter_password()
    app.enter_code()
    assert app.is_inside()
    assert "Verified: all 2 values open." in capsys.readouterr().out


def test_a_picture_that_was_open_across_a_rotation_is_replaced(
    key_file: None, nina: Person, settings: Settings
) -> None:
    nina.enter_password()
    before = nina.secret_shown(nina.client.get(SET_UP))
    settings.EWX_KEY_FILE.unlink()
    create_ring(settings.EWX_KEY_FILE)  # what is left after `--drop-old`: the waiting secret lies in no column
    answer = nina.client.post(SET_UP, {"code": totp(before)})
    assert "Das Bild war veraltet." in answer.content.decode()
    after = nina.secret_shown(answer)
    assert after != before
    nina.client.post(SET_UP, {"code": totp(after)})
    assert nina.user.has_second_factor()


def test_without_a_usable_key_file_setting_up_is_a_sentence(key_file: None, nina: Person, settings: Settings) -> None:
    nina.enter_password()
    secret = nina.secret_shown(nina.client.get(SET_UP))
    settings.EWX_KEY_FILE.write_text("rubbish!")
    for answer in (nina.client.get(SET_UP), nina.client.post(SET_UP, {"code": totp(secret)})):
        assert answer.status_code == 503
        assert "lässt sich auf diesem Server weder lesen noch aufbewahren" in answer.content.decode()
    assert not nina.user.has_second_factor()
