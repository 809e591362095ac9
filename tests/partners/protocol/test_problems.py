"""What a refusal says and how it is known: problem details (protocol §5)."""

import pytest

from partners.protocol import wire


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("https://docs.example/problems/paused", "paused"),
        ("/problems/version-conflict", "version-conflict"),
        ("paused", "paused"),
        ("about:blank", "about:blank"),
    ],
)
def test_a_problem_is_known_by_its_last_segment(type_: str, code: str):
    assert wire.parse_problem({"type": type_, "status": 409}).code == code


def test_a_problem_there_and_back():
    problem = wire.Problem(
        type="https://x.example/problems/invalid",
        title="Invalid",
        status=422,
        detail="No.\nReally.",
        instance="abc",
        errors=(wire.FieldError("/lines/0/quantity", "range"),),
        current={"version": 3, "note": None},
        retry_after=5,
        min="1.0",
        max="1.1",
    )
    assert wire.parse_problem(wire.problem_to_wire(problem)) == problem


def test_a_problem_says_no_more_than_it_has_to():
    assert wire.problem_to_wire(wire.Problem(type="/p/signature", status=401)) == {
        "type": "/p/signature",
        "status": 401,
    }


def test_every_problem_has_its_status():
    assert set(wire.STATUS) == set(wire.ProblemCode)
