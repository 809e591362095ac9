"""The product's own source as the guards read it: files, syntax trees, imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("eventworx", "inventory", "jobs", "partners")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source:
    """One Python file below `root`. Guards get it ready-made or, in their own tests, from a sample."""

    def __init__(self, path: Path, root: Path = ROOT) -> None:
        self.path, self.root = path, root
        self.name = str(path.relative_to(root))
        self.text = path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def module(self) -> str:
        """Dotted name as it is imported."""
        parts = self.path.relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def functions(self) -> Iterator[Function]:
        yield from (node for node in self.nodes if isinstance(node, Function))

    def imported(self) -> Iterator[str]:
        """Dotted names of everything imported anywhere in the file; `from a import b` gives `a.b`."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def enclosing(self, node: ast.AST) -> str:
        """Name of the innermost function or class around a node."""
        around = [
            scope
            for scope in self.nodes
            if isinstance(scope, Function | ast.ClassDef) and scope is not node and node in ast.walk(scope)
        ]
        return around[-1].name if around else "<module>"


def sample(folder: Path, **files: str) -> list[Source]:
    """Sources written from text: `sample(tmp_path, jobs__views="…")` makes jobs/views.py."""
    sources = []
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sources.append(Source(path, folder))
    return sources


@cache
def product() -> list[Source]:
    """Every Python file of the product, without migrations."""
    files = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
    return [Source(path) for path in [ROOT / "manage.py", *files] if "migrations" not in path.parts]


@cache
def workshop() -> list[Source]:
    """The tools around the product."""
    return [Source(path) for path in [ROOT / "dev", *sorted((ROOT / "tools").rglob("*.py"))]]


@cache
def suite() -> list[Source]:
    """Every Python file of the tests."""
    return [Source(path) for path in sorted((ROOT / "tests").rglob("*.py"))]
