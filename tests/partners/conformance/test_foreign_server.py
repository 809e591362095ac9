"""The kit against a stranger's implementation: right, it passes; with a defect, the case that looks for it says so."""

import itertools

import pytest

from partners.conformance import CASES, Case, Group, Verdict, chosen, run_case, run_cases, table_row
from tests.foreign.gate import Answer, Problem, Request
from tests.foreign.server import ForeignServer
from tests.partners.conformance.defects import around
from tests.partners.conformance.faults import FAULTS
from tests.partners.conformance.foreign_pair import foreign_pair
from tests.partners.conformance.kind_gates import kind
from tests.partners.conformance.spoilt_server import Defect

pytestmark = pytest.mark.sqlite  # no database at all: once is enough

WITHOUT_PICTURES = {"picture.image"}  # no article of the foreign server has one
SIGNED = ("signature.", "connection.", "target.", "label.", "coverage.", "header.", "parameter.", "nonce.", "digest.")


@pytest.mark.parametrize("group", Group)
def test_a_right_server_passes(group: Group) -> None:
    with foreign_pair() as pair:
        pair.arrange(group)
        results = list(run_cases(chosen([group]), pair.peer))
    unclear = [table_row(result) for result in results if result.verdict is not Verdict.HELD]
    assert not [row for row in unclear if not any(name in row for name in WITHOUT_PICTURES)], "\n".join(unclear)


def test_the_kind_gate_is_strict_where_nothing_is_left_out() -> None:
    with foreign_pair(Defect(gate=kind())) as pair:
        pair.arrange(Group.CONNECTED)
        cases = [found for found in chosen([Group.CONNECTED]) if found.id.startswith(SIGNED)]
        results = list(run_cases(cases, pair.peer))
    assert [table_row(result) for result in results if result.verdict is not Verdict.HELD] == []


def limiting(times: int) -> Defect:
    """Not a mistake: a server whose limits tell the first so many requests to come back at once."""
    refused = itertools.count()

    def limit(_server: ForeignServer, _request: Request) -> Answer | None:
        return Problem(429, "rate", retry_after=0).answer() if next(refused) < times else None

    return around(limit)


def test_a_limit_is_waited_for_and_judges_nothing() -> None:
    with foreign_pair() as pair:
        pair.arrange(Group.CONNECTED)
        pair.server.defect = limiting(2)
        assert run_case(CASES["digest.two"], pair.peer).verdict is Verdict.HELD
        pair.server.defect = limiting(100)
        assert "429 again and again" in run_case(CASES["digest.two"], pair.peer).seen


def test_every_case_has_a_fault() -> None:
    assert FAULTS.keys() == CASES.keys()


@pytest.mark.parametrize("found", CASES.values(), ids=lambda found: found.id)
def test_every_case_fails_a_faulty_server(found: Case) -> None:
    with foreign_pair(FAULTS[found.id]) as pair:
        pair.arrange(found.group)
        result = run_case(found, pair.peer)
    assert result.verdict is Verdict.FAILED, table_row(result)
