from collections.abc import Iterator

import pytest
import time_machine

from tests.inventory.pages import NOW


@pytest.fixture
def noon() -> Iterator[None]:
    """The clock stands at it."""
    with time_machine.travel(NOW, tick=False):
        yield
