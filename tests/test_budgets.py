"""Sizes and habits that keep the house readable. Each guard is shown to bite by a bad sample."""

from __future__ import annotations

import ast
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.source import Function, Source, product, sample, suite, workshop

FILE_LINES = 400
MEDIAN_LINES, PERCENTILE_LINES, LONGEST_LINES = 8, 30, 60
VIEW_MEDIAN_LINES = 6  # of a view's body: an edge translates, makes one call, translates back
NAMES_FOR_NOTHING = {"services", "utils", "helpers", "common", "misc", "lib"}
# One boundary per worker loop: what it catches, it logs and counts. (file, function)
EXCEPTION_BOUNDARIES = {("eventworx/management/commands/worker.py", "run_safely")}
BROAD = {"Exception", "BaseException"}


def too_long_files(sources: Iterable[Source]) -> list[str]:
    counts = {source.name: len(source.text.splitlines()) for source in sources}
    return [f"{name}: {lines} lines" for name, lines in counts.items() if lines > FILE_LINES]


def function_lines(sources: Iterable[Source]) -> dict[str, int]:
    """Lines of each function from `def` to its end, docstring and blank lines included."""
    return {
        f"{source.name}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for source in sources
        for function in source.functions()
    }


def over_budget(lengths: dict[str, int]) -> list[str]:
    found = [f"{name}: {lines} lines" for name, lines in lengths.items() if lines > LONGEST_LINES]
    median, percentile = (
        statistics.median(lengths.values()),
        sorted(lengths.values())[int(0.95 * len(lengths))],
    )
    if median > MEDIAN_LINES:
        found.append(f"median {median} lines")
    if percentile > PERCENTILE_LINES:
        found.append(f"95th percentile {percentile} lines")
    return found


def median_of_views(sources: Iterable[Source]) -> float:
    """Lines of a view's body, without the docstring, over everything in `views.py`."""
    lengths = [
        (function.end_lineno or 0) - body[0].lineno + 1
        for source in sources
        if source.path.name == "views.py"
        for function in source.functions()
        if (body := function.body[1:] if ast.get_docstring(function, clean=False) else function.body)
    ]
    return statistics.median(lengths or [0])


def names_for_nothing(sources: Iterable[Source]) -> list[str]:
    """Files and folders that are not named after what the firm does."""
    return [source.name for source in sources if NAMES_FOR_NOTHING & set(source.module.split("."))]


def inline_imports(sources: Iterable[Source]) -> list[str]:
    return [
        f"{source.name}:{node.lineno}"
        for source in sources
        for function in source.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def unannotated(sources: Iterable[Source]) -> list[str]:
    return [
        f"{source.name}:{function.lineno} {function.name}"
        for source in sources
        for function in source.functions()
        if function.returns is None or any(argument.annotation is None for argument in _arguments(function))
    ]


def _arguments(function: Function) -> Iterator[ast.arg]:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    yield from positional[1:] if positional and positional[0].arg in {"self", "cls"} else positional
    yield from given.kwonlyargs
    yield from (argument for argument in (given.vararg, given.kwarg) if argument)


def broad_excepts(sources: Iterable[Source]) -> set[tuple[str, str]]:
    return {
        (source.name, source.enclosing(node))
        for source in sources
        for node in source.nodes
        if (isinstance(node, ast.ExceptHandler) and _is_broad(node.type))
        or (isinstance(node, ast.Call) and _suppresses_everything(node))
    }


def _is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(_is_broad(part) for part in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in BROAD)


def _suppresses_everything(call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith("suppress") and any(_is_broad(part) for part in call.args)


def import_cycles(sources: Iterable[Source]) -> list[str]:
    """Groups of modules of the product that import each other, at any remove."""
    by_name = {source.module: source for source in sources}
    graph = {name: set(_targets(source, by_name)) for name, source in by_name.items()}
    reached = {name: _reachable(graph, name) for name in graph}
    circles = {frozenset(other for other in reached[name] if name in reached[other]) for name in graph}
    return sorted(" <-> ".join(sorted(circle)) for circle in circles if circle)


def _targets(source: Source, modules: dict[str, Source]) -> Iterator[str]:
    for name in source.imported():
        owner = name if name in modules else name.rpartition(".")[0]
        if owner in modules:
            yield owner


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph[name]
    return seen


def declared_signals(sources: Iterable[Source]) -> list[str]:
    return [
        source.name
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Signal"
    ]


def model_signals(sources: Iterable[Source]) -> list[str]:
    return [
        f"{source.name}: {name}"
        for source in sources
        for name in source.imported()
        if name.startswith("django.db.models.signals")
    ]


def relaxed_tests(sources: Iterable[Source]) -> list[str]:
    """Places in the tests that would let one be skipped or be expected to fail."""
    words = defaultdict(set)
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail", "importorskip"}:
                words[source.name].add(ast.unparse(node))
    return [f"{name}: {', '.join(sorted(found))}" for name, found in words.items()]


def test_files_are_short() -> None:
    assert too_long_files([*product(), *workshop()]) == []


def test_functions_are_short() -> None:
    assert over_budget(function_lines(product())) == []


def test_views_are_thin() -> None:
    assert median_of_views(product()) <= VIEW_MEDIAN_LINES


def test_files_are_named_after_what_the_firm_does() -> None:
    assert names_for_nothing(product()) == []


def test_imports_stand_at_the_top() -> None:
    assert inline_imports([*product(), *workshop()]) == []


def test_everything_is_annotated() -> None:
    assert unannotated([*product(), *workshop()]) == []


def test_only_the_worker_loops_catch_everything() -> None:
    assert broad_excepts(product()) == EXCEPTION_BOUNDARIES


def test_no_import_cycles() -> None:
    assert import_cycles(product()) == []


def test_one_signal() -> None:
    assert declared_signals(product()) in ([], ["jobs/signals.py"])
    assert model_signals(product()) == []


def test_no_test_is_skipped() -> None:
    assert relaxed_tests(source for source in suite() if source.name != "tests/test_honesty.py") == []


def test_guard_sees_long_files(tmp_path: Path) -> None:
    fits, too_long = sample(tmp_path, fits="x = 1\n" * 400, too_long="x = 1\n" * 401)
    assert too_long_files([fits, too_long]) == ["too_long.py: 401 lines"]


@pytest.mark.parametrize(
    ("lengths", "finding"),
    [
        ([9] * 10, "median 9.0 lines"),
        ([1] * 18 + [31] * 2, "95th percentile 31 lines"),
        ([1] * 99 + [61], "99: 61 lines"),
    ],
)
def test_guard_sees_long_functions(lengths: list[int], finding: str) -> None:
    assert over_budget({str(number): lines for number, lines in enumerate(lengths)}) == [finding]


def test_guard_counts_every_line_of_a_function(tmp_path: Path) -> None:
    (source,) = sample(tmp_path, a='@cached\ndef f() -> None:\n    """One.\n\n    Two."""\n    return 1\n\n\nx = f\n')
    assert function_lines([source]) == {"a.py:2 f": 5}


def test_guard_sees_thick_views(tmp_path: Path) -> None:
    thick = 'def f(request: R) -> S:\n    """Docstring."""\n' + "    x = 1\n" * 7
    assert median_of_views(sample(tmp_path, jobs__views=thick, jobs__other="def g(): pass")) == 7


def test_guard_sees_names_for_nothing(tmp_path: Path) -> None:
    files = {"jobs__utils": "", "jobs__common__prices": "", "jobs__prices": ""}
    assert names_for_nothing(sample(tmp_path, **files)) == ["jobs/utils.py", "jobs/common/prices.py"]


def test_guard_sees_bad_habits(tmp_path: Path) -> None:
    bad = sample(
        tmp_path,
        a="def f(x) -> None:\n    import os\n",
        b="class C:\n  def g(self, *rest: int):\n    try: pass\n    except (ValueError, Exception): pass\n",
        c="def h() -> None:\n    with contextlib.suppress(Exception):\n        pass\n",
        d="from django.db.models.signals import post_save\nasked = Signal()\n",
    )
    assert inline_imports(bad) == ["a.py:2"]
    assert unannotated(bad) == ["a.py:1 f", "b.py:2 g"]
    assert broad_excepts(bad) == {("b.py", "g"), ("c.py", "h")}
    assert declared_signals(bad) == ["d.py"]
    assert model_signals(bad) == ["d.py: django.db.models.signals.post_save"]


def test_guard_sees_cycles(tmp_path: Path) -> None:
    files = {"jobs__a": "from jobs import b", "jobs__b": "import jobs.c", "jobs__c": "from jobs.a import f"}
    assert import_cycles(sample(tmp_path, **files, jobs__d="import jobs.a")) == ["jobs.a <-> jobs.b <-> jobs.c"]


def test_guard_sees_relaxed_tests(tmp_path: Path) -> None:
    bad = sample(tmp_path, a="@pytest.mark.skipif(True)\ndef test_a(): pytest.skip()", b="def test_b(): pass")
    assert relaxed_tests(bad) == ["a.py: pytest.mark.skipif, pytest.skip"]
