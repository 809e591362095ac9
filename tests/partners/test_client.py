"""Asking a partner, and what each kind of answer means."""

from partners import client
from partners.models import PartnerConnection

Pair = tuple[PartnerConnection, PartnerConnection]


def test_ask_for_the_connection(pair: Pair) -> None:
    answer = client.call(connection=pair[0], method="GET", path="/connection")
    assert answer.status == 200
    assert isinstance(answer.document, dict)
    assert answer.document["display_name"] == "Bassline Rental"
