"""What came out, for people and for machines."""

from collections import Counter
from collections.abc import Iterable

from partners.conformance.checks import Case, Result, Verdict
from partners.protocol.wire import Json

_SEEN = 110


def table_row(result: Result) -> str:
    """One line of the table: verdict, paragraph, id, what the protocol demands, what was seen."""
    found = result.case
    seen = result.seen if len(result.seen) <= _SEEN else f"{result.seen[:_SEEN]}…"
    return f"{result.verdict:<7}{found.paragraph:<12} {found.id:<34} {found.title}{f'  [{seen}]' if seen else ''}"


def listed(found: Case) -> str:
    return f"{found.group:<11}{found.paragraph:<12} {found.id:<34} {found.title}"


def summary(results: Iterable[Result]) -> str:
    counts = Counter(result.verdict for result in results)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)


def as_json(results: Iterable[Result]) -> list[Json]:
    return [
        {
            "id": result.case.id,
            "group": result.case.group.value,
            "paragraph": result.case.paragraph,
            "demand": result.case.title,
            "verdict": result.verdict.value,
            "seen": result.seen,
        }
        for result in results
    ]
