"""The guard against skipped tests, run on a small suite of its own."""

import pytest

SUITES = {
    "skipped": "import pytest\ndef test_a(): pytest.skip('later')",
    "module skipped": "import pytest\npytest.skip('later', allow_module_level=True)\ndef test_a(): pass",
    "expected to fail": "import pytest\n@pytest.mark.xfail\ndef test_a(): assert False",
}


@pytest.fixture(autouse=True)
def _bare_pytest(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "with workers"])
def test_what_does_not_run_fails_the_run(pytester: pytest.Pytester, suite: str, workers: list[str]) -> None:
    pytester.makepyfile(suite)
    result = _run(pytester, *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "NOT ALLOWED" in result.stdout.str()


def test_what_runs_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass")
    assert _run(pytester).ret == pytest.ExitCode.OK


def _run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    pytester.makeini("[pytest]")
    return pytester.runpytest_subprocess("-p", "tests.honesty", "-p", "xdist", *options)
