"""The two servers, listening; strangers still."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_tenant
from tests.foreign.server import ForeignServer
from tests.partners.foreign.meeting import Meeting


@pytest.fixture
def strangers(transactional_db: None, live_server: LiveServer, settings: Settings) -> Iterator[Meeting]:
    """Nothing is exchanged yet."""
    settings.EWX_ORIGIN = live_server.url
    with ForeignServer(level=2) as server:
        settings.EWX_ALLOWED_PARTNER_ORIGINS = frozenset({server.origin})
        yield Meeting(make_tenant("aurora", "Aurora Veranstaltungstechnik"), server)


@pytest.fixture
def meeting(strangers: Meeting) -> Meeting:
    """Both codes are entered, our worker has called."""
    strangers.pair()
    return strangers
