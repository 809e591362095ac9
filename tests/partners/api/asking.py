"""Questions to a supplier's catalogue, asked through the door as a partner's server asks."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from eventworx.audit import Actor
from eventworx.periods import Period
from inventory.models import Article
from inventory.reservations import ReservationClaim, reserve
from partners import transport
from partners.client import PartnerRefused
from partners.models import PartnerConnection
from partners.transport import RawAnswer
from tests.fakes import InProcess

ADMIN = Actor(label="Berta Boss")
PERIOD = {"start": "2027-07-01T06:00:00Z", "end": "2027-07-04T18:00:00Z"}

Ask = Callable[..., Any]


def set_level(connection: PartnerConnection, level: int) -> None:
    connection.level = level
    connection.save(update_fields=["level"])


def refusal(ask: Ask, path: str = "/articles", **question: Any) -> tuple[int, str, list[tuple[str, str]]]:
    with pytest.raises(PartnerRefused) as refused:
        ask(path, **question)
    problem = refused.value.problem
    return problem.status, problem.code, [(error.pointer, error.code) for error in problem.errors]


def reserve_row(article: Article, quantity: int, start: datetime, end: datetime) -> None:
    reserve(tenant=article.tenant, claims=[ReservationClaim(article.pk, quantity, Period(start, end))])


def queries_of(question: Callable[[], Any], network: InProcess) -> int:
    """How many queries the supplier's server runs to answer one question, its door included."""
    return len(statements_of(question, network))


def statements_of(question: Callable[[], Any], network: InProcess) -> list[str]:
    """The queries themselves."""
    seen: list[list[str]] = []

    class Counting(InProcess):
        def send(self, **request: Any) -> RawAnswer:
            with CaptureQueriesContext(database) as queries:
                answer = network.send(**request)
            seen.append([query["sql"] for query in queries])
            return answer

    transport.current = Counting()
    question()
    [statements] = seen
    return statements
