"""A partner's typo is corrected to words of articles that he may see, and to no others (mission J3, R1)."""

import pytest

from eventworx.tenants.models import Tenant
from partners.models import PartnerConnection
from partners.releases import release
from tests.factories import make_article
from tests.fakes import InProcess
from tests.partners.api.asking import ADMIN, Ask, queries_of

pytestmark = pytest.mark.postgres

SEEN = ["Bühnenscheinwerfer", "Scheinwerfer", "Nebelmaschine"]
CROWD = [f"Scheinwerfe{one}{other}" for one in "abcd" for other in "aeioulr"]


@pytest.mark.parametrize(
    ("typed", "hidden", "found"),
    [
        ("scheinwervar", ["Scheinwerver"], ["Scheinwerfer", "Bühnenscheinwerfer"]),  # nearer than what he sees
        ("scheinwerfar", ["Scheinwerfar"], ["Scheinwerfer", "Bühnenscheinwerfer"]),  # as he typed it
        ("scheinwerfex", CROWD, ["Scheinwerfer", "Bühnenscheinwerfer"]),  # more of them than are looked at
        ("traversn", ["Traverse"], []),  # nothing near that he sees
        ("scheinwerfre", ["Scheinwerfer Zwei"], ["Scheinwerfer", "Bühnenscheinwerfer"]),  # the word of both
    ],
)
def test_an_article_that_is_not_released_changes_nothing_of_the_answer(
    pair: tuple[PartnerConnection, PartnerConnection],
    ask: Ask,
    network: InProcess,
    bassline: Tenant,
    typed: str,
    hidden: list[str],
    found: list[str],
) -> None:
    """Neither what is found nor in how many statements; the control is the same catalogue without it."""
    release(connection=pair[1], actor=ADMIN, articles=[make_article(bassline, name) for name in SEEN])
    answers: list[list[str]] = []

    def asked() -> None:
        answers.append([item["name"] for item in ask("/articles", q=typed)["items"]])

    ask("/articles")  # he is heard of for the first time today
    without = queries_of(asked, network)
    for name in hidden:
        make_article(bassline, name)
    beside = queries_of(asked, network)
    assert (answers, beside) == ([found, found], without)
    if found:  # and what is released is found, as a proof that the words are known
        release(connection=pair[1], actor=ADMIN, everything=True)
        assert ask("/articles", q=hidden[0])["items"]
