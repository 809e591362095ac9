"""The house's laws about tenants, access and the way out. Each guard is shown to bite by a bad sample."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, include, path

from eventworx.tenants.access import member_required
from tests.source import APPS, ROOT, Source, product, sample

# Who reads rows of a tenant without coming from the tenant, and why it must: (file, expression).
ALLOWED_MANAGER_USES = {
    # Master keys change for all companies at once.
    ("eventworx/encryption/columns.py", "self.model._base_manager"),
}
MANAGERS = {"objects", "_base_manager", "_default_manager"}
SHORTCUTS = {"get_object_or_404", "get_list_or_404"}
NETWORK = {
    "aiohttp",
    "httpcore2",
    "httpx",
    "httpx2",
    "requests",
    "socket",
    "http.server",
    "socketserver",
    "urllib.request",
    "urllib3",
    "http.client",
}
WAY_OUT = "partners/transport"
INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE),
    "inline style": re.compile(r"<style|\sstyle\s*=", re.IGNORECASE),
    "event attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "foreign host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}


def own_models() -> list[type[models.Model]]:
    return [model for app in apps.get_app_configs() if app.name.split(".")[0] in APPS for model in app.get_models()]


def tenant_owned() -> set[str]:
    """Class names of every model with a field `tenant`."""
    return {model.__name__ for model in own_models() if _has_tenant(model)}


def _has_tenant(model: type[models.Model]) -> bool:
    try:
        model._meta.get_field("tenant")
    except FieldDoesNotExist:
        return False
    return True


def unscoped_reads(sources: Iterable[Source], owned: set[str]) -> set[tuple[str, str]]:
    """Uses of a manager, or of a shortcut that takes one, on a class of rows that belong to a tenant."""
    return {
        (source.name, ast.unparse(node))
        for source in sources
        if "models" not in source.module.split(".")
        for node in source.nodes
        if _is_unscoped(node, owned)
    }


def _is_unscoped(node: ast.AST, owned: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in MANAGERS and (_last_name(node.value) in owned or node.attr != "objects")
    if isinstance(node, ast.Call) and _last_name(node.func) in SHORTCUTS:
        return any(_last_name(argument) in owned for argument in node.args)
    return False


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).split(".")[-1]


def ordered_models(candidates: Iterable[type[models.Model]]) -> list[str]:
    return [model.__name__ for model in candidates if model._meta.ordering]


def open_views(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Routes below `/<tenant>/` whose view does not say who may call it."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from open_views(pattern.url_patterns, route)
        elif "tenant_slug>" in route and not hasattr(pattern.callback, "ewx_access"):
            yield route


def network_users(sources: Iterable[Source]) -> list[str]:
    """Files beside the transport that import something that opens connections."""
    return sorted({source.name for source in sources if not source.name.startswith(WAY_OUT) and _uses_network(source)})


def _uses_network(source: Source) -> bool:
    return any(name == module or name.startswith(f"{module}.") for name in source.imported() for module in NETWORK)


def not_installed_in_production(sources: Iterable[Source], requirements: str) -> list[str]:
    """Imports of packages that only the development requirements bring."""
    locked = {_normalised(name) for name in re.findall(r"^([\w.-]+)==", requirements, re.MULTILINE)}
    providers = packages_distributions()
    return [
        f"{source.name}: {name}"
        for source in sources
        for name in source.imported()
        if (top := name.split(".")[0]) not in {*sys.stdlib_module_names, *APPS}
        and not locked & {_normalised(provider) for provider in providers.get(top, ())}
    ]


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def inline_code(template: str) -> list[str]:
    """What the content security policy would refuse."""
    return [name for name, pattern in INLINE.items() if pattern.search(template)]


def pages() -> list[Path]:
    """Every template that a browser shows; mails have other rules."""
    folders = [ROOT / "templates", *(ROOT / app for app in APPS)]
    found = [page for folder in folders for page in folder.rglob("*.html")]
    return [page for page in found if "templates" in page.parts and "emails" not in page.parts]


def test_rows_of_a_tenant_are_reached_through_the_tenant() -> None:
    assert unscoped_reads(product(), tenant_owned()) == ALLOWED_MANAGER_USES


def test_no_model_sorts_by_itself() -> None:
    assert ordered_models(own_models()) == []


def test_every_tenant_view_says_who_may_call_it() -> None:
    assert list(open_views(get_resolver().url_patterns)) == []


def test_only_the_transport_opens_connections() -> None:
    assert network_users(product()) == []


def test_the_product_runs_on_its_own_requirements() -> None:
    requirements = (ROOT / "requirements" / "base.txt").read_text(encoding="utf-8")
    assert not_installed_in_production(product(), requirements) == []


def test_pages_hold_no_inline_code() -> None:
    found = {str(page.relative_to(ROOT)): inline_code(page.read_text(encoding="utf-8")) for page in pages()}
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_requirements_hold_hashes_and_no_address() -> None:
    for file in sorted((ROOT / "requirements").glob("*.txt")):
        text = file.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"://|--(extra-)?index-url|--find-links", text), file.name


def test_guard_knows_the_tenants_rows() -> None:
    assert {"Contact", "Article", "Job"} <= tenant_owned()
    assert "Tenant" not in tenant_owned()


@pytest.mark.parametrize(
    "code",
    [
        "Article.objects.filter(pk=1)",
        "models.Article.objects.get(pk=1)",
        "Article._default_manager.all()",
        "anything._base_manager.all()",
        "get_object_or_404(Article, pk=1)",
        "shortcuts.get_list_or_404(models.Article)",
    ],
)
def test_guard_sees_unscoped_reads(tmp_path: Path, code: str) -> None:
    assert len(unscoped_reads(sample(tmp_path, jobs__views=code), {"Article"})) == 1
    assert unscoped_reads(sample(tmp_path, jobs__models=code), {"Article"}) == set()


@pytest.mark.parametrize(
    "code", ["tenant.articles.all()", "Tenant.objects.all()", "get_object_or_404(tenant.articles, pk=1)"]
)
def test_guard_lets_scoped_reads_pass(tmp_path: Path, code: str) -> None:
    assert unscoped_reads(sample(tmp_path, jobs__views=code), {"Article"}) == set()


def test_guard_sees_ordered_models() -> None:
    class Sorted:
        class _meta:  # noqa: N801
            ordering = ("name",)

    samples: Any = [Sorted, apps.get_model("contacts", "Contact")]
    assert ordered_models(samples) == ["Sorted"]


def test_guard_sees_open_views() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    def marked(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    guarded: Callable[..., Any] = member_required(marked)
    pages = [path("a/", view), path("b/", guarded)]
    assert list(open_views([path("<slug:tenant_slug>/", include(pages)), path("login/", view)])) == [
        "<slug:tenant_slug>/a/"
    ]


def test_guard_sees_other_ways_out(tmp_path: Path) -> None:
    files = {
        "partners__client": "import httpx2",
        "partners__transport": "import httpx2",
        "jobs__a": "from urllib.request import urlopen",
        "jobs__b": "from urllib.parse import urlsplit",
    }
    assert network_users(sample(tmp_path, **files)) == ["jobs/a.py", "partners/client.py"]


def test_guard_sees_development_packages(tmp_path: Path) -> None:
    files = {"jobs__a": "import pytest", "jobs__b": "import os, jobs.c, yaml\nfrom django.db import models"}
    assert not_installed_in_production(sample(tmp_path, **files), "django==5\nPyYAML==6\n") == ["jobs/a.py: pytest"]


@pytest.mark.parametrize(
    ("template", "finding"),
    [
        ("<script>x()</script>", ["inline script"]),
        ("<p style='color:red'>", ["inline style"]),
        ('<a onclick="x()">', ["event attribute"]),
        ('<link href="//cdn.example/x.css">', ["foreign host"]),
        ('<script src="{% static "x.js" %}" defer></script><a class="btn" href="{{ url }}">', []),
    ],
)
def test_guard_sees_inline_code(template: str, finding: list[str]) -> None:
    assert inline_code(template) == finding
