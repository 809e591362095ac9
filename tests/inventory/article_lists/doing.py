"""Lists of articles as somebody hands them in, and what the worker makes of them."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from eventworx.tenants.models import Tenant
from inventory.article_lists.cells import Notation
from inventory.article_lists.importing import check_list, receive_list, start_import
from inventory.article_lists.running import work_on_lists
from inventory.models import ArticleImport


def hand_in(tenant: Tenant, content: str | bytes, name: str = "artikel.csv") -> ArticleImport:
    """A file, read by the worker."""
    data = content.encode() if isinstance(content, str) else content
    received = receive_list(tenant=tenant, user=None, name=name, content=[data], now=timezone.now())
    return worked_on(received)


def worked_on(found: ArticleImport) -> ArticleImport:
    work_on_lists(now=timezone.now())
    found.refresh_from_db()
    return found


def check(found: ArticleImport, **choices: Any) -> None:
    given = {
        "mapping": found.mapping,
        "notation": Notation(found.notation),
        "change_existing": True,
        "create_categories": False,
        "skip_bad_lines": False,
    }
    check_list(article_import=found, now=timezone.now(), **(given | choices))


def checked(found: ArticleImport, **choices: Any) -> ArticleImport:
    check(found, **choices)
    return worked_on(found)


def imported(tenant: Tenant, content: str | bytes, **choices: Any) -> ArticleImport:
    """All the way."""
    found = checked(hand_in(tenant, content), **choices)
    start_import(article_import=found, now=timezone.now())
    return worked_on(found)


def as_csv(lines: Iterable[Iterable[Any]], delimiter: str = ";") -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(lines)
    return written.getvalue()


def counts(found: ArticleImport) -> tuple[int, int, int, int]:
    """New, changed, unchanged, with errors."""
    return found.new_count, found.changed_count, found.unchanged_count, found.bad_count


def problems(found: ArticleImport) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.code) for row in found.problems.order_by("line", "pk")]
