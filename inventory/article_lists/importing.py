"""Handing in a list of articles: the file, its columns, the check, the import; each a step that the worker takes.

One list at a time in a company, which the database keeps. Whatever goes wrong, nothing of a list is half-written:
until the one transaction at its end the articles are as they were.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from eventworx.errors import BusinessError
from eventworx.tenants.models import Tenant, User
from inventory.article_lists import tables, workbooks
from inventory.article_lists.cells import Notation
from inventory.article_lists.text_files import EncodingGuess
from inventory.models import ArticleImport, ImportState, ImportStep
from inventory.models.article_imports import PART_BYTES

MAPPED_FROM = (ImportState.READ, ImportState.CHECKED, ImportState.REFUSED, ImportState.INTERRUPTED)


class Choices(TypedDict):
    """How a list is to be understood and what may come of it."""

    mapping: Mapping[str, int]
    notation: Notation
    change_existing: bool
    create_categories: bool
    skip_bad_lines: bool


class AnotherListRuns(BusinessError):
    code = "list-running"
    status = 409
    message = _("Another list is being worked on. Wait until it is done, or cancel it.")


class ListMovedOn(BusinessError):
    code = "list-moved-on"
    status = 409
    message = _("This list is no longer where you saw it. Look again at how far it is.")


class ListTooLarge(BusinessError):
    code = "list-size"
    message = _("The file is too large: up to %(most)d MB are possible.")
    field = "file"


class ListIsEmpty(BusinessError):
    code = "list-empty"
    message = _("There is nothing in this file.")
    field = "file"


class BadLinesForbid(BusinessError):
    code = "list-bad-lines"
    message = _("There are lines with errors, so nothing was imported.")


def receive_list(
    *, tenant: Tenant, user: User | None, name: str, content: Iterable[bytes], now: datetime
) -> ArticleImport:
    """Keep a file, to be read by the worker. It is not looked into here beyond its first bytes and its encoding.

    Raises AnotherListRuns, ListTooLarge, ListIsEmpty.
    """
    guess = EncodingGuess()
    fields = {"created_by": user, "name": name[-200:], "size": 0, "busy_since": now}
    with _one_at_a_time(tenant):
        received: ArticleImport = tenant.article_imports.create(**fields)
        received.keep_file(_watched(received, guess, content))
        if not received.size:
            raise ListIsEmpty
        is_workbook = guess.head.startswith(workbooks.SIGNATURES)
        received.encoding = "" if is_workbook else guess.encoding()
        shape = tables.shape_of(guess.head, received.encoding)
        received.encoding, received.delimiter = shape.encoding, shape.delimiter
        received.save(update_fields=["size", "encoding", "delimiter"])
    return received


def _watched(received: ArticleImport, guess: EncodingGuess, content: Iterable[bytes]) -> Iterator[bytes]:
    """The content in pieces of one size; the size of the whole is counted."""
    for piece in _pieces(content):
        received.size += len(piece)
        if received.size > tables.MOST_BYTES:
            raise ListTooLarge(most=tables.MOST_BYTES // 1024**2)
        guess.feed(piece)
        yield piece


def _pieces(content: Iterable[bytes]) -> Iterator[bytes]:
    waiting = b""
    for piece in chain(content, [None]):
        waiting += piece or b""
        while len(waiting) >= PART_BYTES or (piece is None and waiting):
            yield waiting[:PART_BYTES]
            waiting = waiting[PART_BYTES:]


def check_list(*, article_import: ArticleImport, now: datetime, **choices: Unpack[Choices]) -> None:
    """Have every line checked and compared with the articles; nothing is written.

    Raises AnotherListRuns, ListMovedOn.
    """
    _go(article_import, MAPPED_FROM, ImportStep.CHECK, now, **choices)


def start_import(*, article_import: ArticleImport, now: datetime) -> None:
    """Have a checked list imported. Raises AnotherListRuns, ListMovedOn, BadLinesForbid."""
    if article_import.bad_lines_forbid:
        raise BadLinesForbid
    _go(article_import, [ImportState.CHECKED], ImportStep.IMPORT, now)


def restart_list(*, article_import: ArticleImport, now: datetime) -> None:
    """Take up again what the worker was torn from; raises AnotherListRuns, ListMovedOn."""
    _go(article_import, [ImportState.INTERRUPTED], ImportStep(article_import.step), now)


def cancel_list(*, article_import: ArticleImport, now: datetime) -> None:
    """Give it up, at any time before its articles are written; raises ListMovedOn after that.

    A worker at it finds out at its next step, or when it wants to commit.
    """
    open_states = [state for state in ImportState if state not in {ImportState.DONE, ImportState.CANCELLED}]
    with transaction.atomic():
        if not article_import.become(open_states, state=ImportState.CANCELLED, finished_at=now, claimed_until=None):
            raise ListMovedOn
        article_import.parts.all().delete()


def _go(article_import: ArticleImport, before: Iterable[str], step: ImportStep, now: datetime, **choices: Any) -> None:
    fresh: dict[str, Any] = {"percent": 0, "lines_read": 0, "refusal": "", "finished_at": None, "claimed_until": None}
    fresh["run"] = F("run") + 1  # whoever was at it before and is still alive has lost it
    with _one_at_a_time(article_import.tenant):
        if not article_import.become(before, state=ImportState.BUSY, step=step, busy_since=now, **fresh, **choices):
            raise ListMovedOn


@contextmanager
def _one_at_a_time(tenant: Tenant) -> Iterator[None]:
    """A transaction in which a second busy list of a company is refused by the database, and by us with a sentence."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        if tenant.article_imports.filter(state=ImportState.BUSY).exists():
            raise AnotherListRuns from None
        raise
