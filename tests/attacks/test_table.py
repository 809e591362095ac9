"""The table of defences fits the product as it is today: every passage is there once, every test exists."""

from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.attacks.table import ATTACKS, DEFENCES, Defence
from tests.source import ROOT
from tools.environment import Failed
from tools.mutate import Verdict, Workshop, as_table, baseline, switched_off


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: f"{defence.row}-{defence.name}")
def test_a_defence_can_be_switched_off(defence: Defence) -> None:
    sound = (ROOT / defence.file).read_text(encoding="utf-8")
    off = switched_off(sound, defence)
    assert off != sound
    compile(off, defence.file, "exec")


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: f"{defence.row}-{defence.name}")
def test_its_tests_exist(defence: Defence) -> None:
    assert defence.tests
    for name in defence.tests:
        file, _, function = name.partition("::")
        text = Path(ROOT / file).read_text(encoding="utf-8")
        assert f"def {function}(" in text or not function


def test_every_attack_has_a_defence() -> None:
    assert {defence.row for defence in DEFENCES} == ATTACKS.keys()


def test_a_passage_that_is_gone_is_named() -> None:
    defence = Defence(1, "gone", "partners/access.py", "no such line", "", ("tests/attacks",))
    with pytest.raises(Failed, match="0 × 'no such line'"):
        switched_off("something else", defence)


def test_what_is_red_with_every_defence_on_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "test_it.py").write_text("def test_one():\n    assert 41 == 42, 'once in a hundred runs'\n")
    workshops: SimpleQueue[Workshop] = SimpleQueue()
    workshops.put(Workshop(tmp_path, database=""))
    with pytest.raises(Failed, match=r"not green: test_it.py\n[^$]*once in a hundred runs[^$]*test_it.py:2"):
        baseline(Defence(1, "any", "any.py", "", "", ("test_it.py",)), workshops)
    assert not workshops.empty()


def test_one_test_that_stays_green_spoils_the_table() -> None:
    good = Verdict(DEFENCES[0], "red", 1.0)
    assert "1 of 2 defences" in as_table([good, good._replace(word="STILL GREEN")])
