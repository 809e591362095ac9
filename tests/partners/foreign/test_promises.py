"""What the page promises, asked of the product's own server by another vendor."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from partners import connections
from partners.releases import release
from tests.foreign.client import Client
from tests.foreign.promises import GROUPS
from tests.foreign.store import Connection
from tests.partners.foreign.meeting import BOSS, Meeting
from tests.world import deliver_all


@dataclass
class ProductStage:
    """The product is asked, `meeting` has both sides of the first connection."""

    meeting: Meeting
    client: Client
    theirs: Connection
    article: str
    hidden: str

    def pause(self) -> None:
        connections.switch_off(connection=self.meeting.ours, actor=BOSS, now=timezone.now())

    def resume(self) -> None:
        connections.switch_on(contact=self.meeting.ours.contact, actor=BOSS, now=timezone.now())

    def set_level(self, level: int) -> None:
        connections.set_level(connection=self.meeting.ours, level=level, actor=BOSS)

    def close(self) -> None:
        connections.close(connection=self.meeting.ours, actor=BOSS, now=timezone.now())

    def fresh(self) -> Client:
        """A second contact of ours has a code; theirs is not entered."""
        other = Meeting(self.meeting.tenant, self.meeting.server)
        other.switch_on()
        other.server.make_code()
        other.server.enter_code(other.our_code())
        return other.client

    def second(self) -> Client:
        other = Meeting(self.meeting.tenant, self.meeting.server)
        other.pair()
        return other.client

    def hire(self) -> dict[str, Any]:
        if not self.meeting.server.orders(self.theirs):
            self.meeting.order(self.meeting.job(), "a1", 1)
        return self.meeting.server.orders(self.theirs)[0]


@pytest.fixture
def stage(meeting: Meeting) -> ProductStage:
    articles = [meeting.article(name) for name in ("Lamp", "Lantern", "Hidden")]
    release(connection=meeting.ours, actor=BOSS, articles=articles[2:], excluded=True)
    deliver_all()
    return ProductStage(meeting, meeting.client, meeting.theirs, str(articles[0].pk), str(articles[2].pk))


@pytest.mark.parametrize("group", GROUPS)
def test_the_product_keeps_every_promise(stage: ProductStage, group: str) -> None:
    promises = GROUPS[group]
    observed = {name: probe(stage) for name, (probe, _expected) in promises.items()}
    assert observed == {name: expected for name, (_probe, expected) in promises.items()}
