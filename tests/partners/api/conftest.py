"""Bassline lends everything, aurora asks."""

from typing import Any

import pytest

from partners import client
from partners.models import PartnerConnection
from partners.releases import release
from tests.partners.api.asking import ADMIN, Ask


@pytest.fixture
def lent(pair: tuple[PartnerConnection, PartnerConnection]) -> PartnerConnection:
    """Bassline's side, on which everything is released."""
    release(connection=pair[1], actor=ADMIN, everything=True)
    return pair[1]


@pytest.fixture
def ask(pair: tuple[PartnerConnection, PartnerConnection]) -> Ask:
    """A signed GET by aurora; a POST where there is a `body`."""

    def send(path: str, body: Any = None, **query: Any) -> Any:
        method = "GET" if body is None else "POST"
        return client.call(connection=pair[0], method=method, path=path, query=query, body=body).document

    return send
