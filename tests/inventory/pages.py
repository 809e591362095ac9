"""What tests of pages of inventory fill in and look at."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.test import Client

LogIn = Callable[..., Client]
NOW = datetime(2027, 7, 1, 10, tzinfo=UTC)  # noon in Berlin, well away from midnight
ONE = Decimal(1)

BLANK = {
    "name": "PAR 64",
    "number": "",
    "category": "",
    "manufacturer": "",
    "manufacturer_part_number": "",
    "gtin": "",
    "kind": "rental",
    "unit": "Stück",
    "weight_kg": "",
    "rental_price": "10",
    "factor_scale": "",
    "owned": "1",
    "out_of_service": "0",
    "buffer_before_minutes": "0",
    "buffer_after_minutes": "0",
    "description": "",
}


def shown(client: Client, url: str, **options: Any) -> str:
    """The page, one blank between words."""
    answer = client.get(url, **options)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def shown_before(client: Client, url: str) -> dict[str, str]:
    """What the page sends along of what it showed."""
    return dict(re.findall(r'name="(initial-[a-z0-9_-]+)"(?: value="([^"]*)")?', shown(client, url)))


def shown_refusal(client: Client, url: str, typed: dict[str, str]) -> str:
    """What the page says to what was typed."""
    answer = client.post(url, typed)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())
