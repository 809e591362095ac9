"""We hire from another vendor: search, prices, stock for the dates, order, answer."""

import pytest

from jobs.states import OrderState
from partners.protocol import wire
from tests.foreign.store import Article
from tests.partners.foreign.meeting import Meeting


def test_the_search_reads_their_pages(meeting: Meeting) -> None:
    job = meeting.job()
    found = meeting.search(job)
    assert [listing.name for listing in meeting.search(job, "beamer OEKOLUX").listings] == ["Beamer Ökolux"]
    assert len(found.listings) == 11
    by_id = {listing.id: listing for listing in found.listings}
    assert by_id["a2"].stock is not None
    assert (by_id["a2"].stock.owned, by_id["a2"].stock.free) == (8, 8)


def test_a_search_goes_on_where_a_page_ends(meeting: Meeting) -> None:
    many = {f"p{number}": Article(f"p{number}", f"Pipe {number:03}") for number in range(120)}
    meeting.server.company.articles |= many
    meeting.server.release(*many)
    job, found, cursor = meeting.job(), [], ""
    for size in (50, 50, 20):
        page = meeting.search(job, "pipe", cursor)
        assert len(page.listings) == size
        found += [listing.id for listing in page.listings]
        cursor = page.next
    assert cursor == ""
    assert sorted(found) == sorted(many)


def test_an_order_is_confirmed_there_and_known_here(meeting: Meeting) -> None:
    sent = meeting.order(meeting.job(), "a2", 3)
    assert (sent.version, sent.state) == (1, "requested")
    (there,) = meeting.server.orders()
    assert there["id"] == str(sent.order_id)
    assert there["net"] == str(sent.sub_rental_order.net)
    meeting.server.seen(there["id"])
    meeting.server.confirm(there["id"])
    assert meeting.server.deliver() == [True, True]
    known = meeting.known(sent)
    assert (known.version, known.state) == (3, "confirmed")
    assert known.sub_rental_order.state == OrderState.CONFIRMED
    listing = meeting.search(meeting.job(), "Ökolux").listings[0]
    assert listing.stock is not None
    assert listing.stock.free == 5


def test_an_order_is_declined_there(meeting: Meeting) -> None:
    sent = meeting.order(meeting.job(), "a1", 1)
    meeting.server.decline(str(sent.order_id), "All out on tour")
    meeting.server.deliver()
    known = meeting.known(sent)
    assert (known.state, known.sub_rental_order.reason) == ("declined", "All out on tour")


@pytest.mark.parametrize("fault", ["unsigned-answers", "signs-wrong-request", "signs-with-another-key", "signs-stale"])
def test_a_wrongly_signed_success_changes_nothing(meeting: Meeting, fault: str) -> None:
    sent = meeting.order(meeting.job(), "a1", 1, faults={fault})
    assert meeting.server.orders()
    assert sent.version == 0


def test_an_order_is_confirmed_there_as_it_arrives(meeting: Meeting) -> None:
    """Level 3 over there: our people read it at once, and the event that comes beside it changes nothing."""
    meeting.server.set_level(3)
    meeting.server.verify()
    sent = meeting.order(meeting.job(), "a2", 3)
    assert (sent.state, sent.sub_rental_order.state) == ("confirmed", OrderState.CONFIRMED)
    number = sent.sub_rental_order.number
    subjects = [message.subject for message in meeting.tenant.inbox_messages.all()]
    assert [subject for subject in subjects if number in subject and "bestätigt" in subject] == subjects
    assert meeting.server.deliver() == [False]
    assert meeting.tenant.inbox_messages.count() == len(subjects)


@pytest.mark.parametrize(
    ("mode", "stock"),
    [("yes_no", wire.YesNoStock(available=True)), ("capped", wire.CappedStock(at_least=5))],
)
def test_their_discreet_stock_is_read_as_they_tell_it(meeting: Meeting, mode: str, stock: wire.Stock) -> None:
    meeting.server.company.stock_mode = mode
    [found] = meeting.search(meeting.job(), "beamer OEKOLUX").listings
    assert found.stock == stock
