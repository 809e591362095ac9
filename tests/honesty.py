"""A run in which any test was skipped or expected to fail is no success.

Loaded by conftest.py as a pytest plugin; `test_honesty.py` shows that it bites."""

import pytest

NOT_RUN = ("skipped", "xfailed", "xpassed")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and any(reporter.stats.get(outcome) for outcome in NOT_RUN):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in NOT_RUN:
        for report in terminalreporter.stats.get(outcome, []):
            terminalreporter.write_line(f"NOT ALLOWED ({outcome}): {report.nodeid}", red=True)
