"""Pictures between partners: ours for those who may see the article, his only from our own server (protocol §4)."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from PIL import Image

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.models import Article
from inventory.pictures import MEDIA_TYPES
from partners import client
from partners.access import AccessLevel
from partners.client import PartnerPaused, PartnerRefused, PartnerUnreachable
from partners.models import PartnerConnection
from partners.protocol.signing import sign_response
from partners.releases import release
from partners.search import pictures
from partners.transport import Fault, RawAnswer
from tests.factories import make_article, make_job, make_picture, photo
from tests.fakes import InProcess
from tests.partners.api.asking import ADMIN, Ask, queries_of, set_level

Pair = tuple[PartnerConnection, PartnerConnection]


@pytest.fixture
def shown(lent: PartnerConnection, bassline: Tenant) -> Article:
    return make_article(bassline, "MAC Aura XB", picture=make_picture(bassline))


def fetched(connection: PartnerConnection, article_id: Any) -> bytes:
    return client.fetch(connection=connection, path=f"/articles/{article_id}/picture", media_types=MEDIA_TYPES)


# --- ours for a partner -------------------------------------------------------------------------------
def test_a_partner_gets_the_picture_signed_with_its_media_type(
    pair: Pair, network: InProcess, shown: Article, ask: Ask
) -> None:
    assert fetched(pair[0], shown.pk) == shown.picture.content
    assert ask("/articles")["items"][0]["has_picture"] is True
    network.change = lambda answer: replace(answer, headers=tuple(_relabelled(answer)))
    with pytest.raises(PartnerUnreachable) as refused:
        fetched(pair[0], shown.pk)
    assert refused.value.reason == "wrong-signature"


def _relabelled(answer: RawAnswer) -> Any:
    return ((name, "image/png" if name == "Content-Type" else value) for name, value in answer.headers)


def test_without_a_picture_and_without_a_release_there_is_none(
    pair: Pair, ask: Ask, bassline: Tenant, cymbal: Tenant
) -> None:
    bare, hidden, foreign = (
        make_article(bassline),
        make_article(bassline, picture=make_picture(bassline)),
        make_article(cymbal, picture=make_picture(cymbal)),
    )
    release(connection=pair[1], actor=ADMIN, articles=[bare])
    assert ask(f"/articles/{bare.pk}")["has_picture"] is False
    for article_id in (bare.pk, hidden.pk, foreign.pk, "abc", "9" * 30):
        with pytest.raises(PartnerRefused) as refused:
            fetched(pair[0], article_id)
        assert refused.value.problem.code == "not-found"


def test_level_and_pause_hold_with_the_very_next_picture(pair: Pair, lent: PartnerConnection, shown: Article) -> None:
    set_level(lent, AccessLevel.ARTICLES)
    assert fetched(pair[0], shown.pk)
    set_level(lent, AccessLevel.NONE)
    with pytest.raises(PartnerRefused) as refused:
        fetched(pair[0], shown.pk)
    assert refused.value.problem.code == "level"
    set_level(lent, AccessLevel.ARTICLES)
    lent.paused_at = timezone.now()
    lent.save()
    with pytest.raises(PartnerPaused):
        fetched(pair[0], shown.pk)


def test_a_picture_costs_one_statement_beside_the_door(pair: Pair, network: InProcess, shown: Article) -> None:
    fetched(pair[0], shown.pk)
    assert queries_of(lambda: fetched(pair[0], shown.pk), network) == 4


# --- his for us ---------------------------------------------------------------------------------------
@pytest.fixture
def look(pair: Pair, aurora: Tenant, log_in: Callable[..., Client]) -> Callable[[Any], Any]:
    """Somebody of sales at aurora looks at a picture of bassline's."""
    browser = log_in(aurora, Role.SALES)
    return lambda article_id: browser.get(aurora.url("partners:picture", pair[0].pk, str(article_id)))


Look = Callable[[Any], Any]


def answering(connection: PartnerConnection, network: InProcess, body: bytes, content_type: str) -> None:
    """The partner answers every picture with this, in good form and signed."""

    def change(_answer: RawAnswer) -> RawAnswer:
        signed = sign_response(
            status=200,
            request_signature=network.sent[-1].headers["Signature"],
            key=connection.own_key(),
            now=timezone.now(),
            nonce="n" * 24,
            body=body,
            content_type=content_type,
        )
        return RawAnswer(200, tuple(signed.items()), body)

    network.change = change


def test_hits_show_pictures_by_addresses_of_our_own_and_fetch_none_of_them(
    pair: Pair, network: InProcess, shown: Article, aurora: Tenant, bassline: Tenant, log_in: Callable[..., Client]
) -> None:
    make_article(bassline, "Nebel")
    times = {"start": "2027-07-01T08:00", "end": "2027-07-04T20:00"}
    url = aurora.url("partners:search", make_job(aurora).pk)
    page = log_in(aurora, Role.SALES).get(url, {"supplier": pair[0].pk, **times}).content.decode()
    picture = aurora.url("partners:picture", pair[0].pk, str(shown.pk))
    assert page.count("<img") == 1
    assert f'src="{picture}" alt="" loading="lazy"' in page
    assert len(network.sent) == 1


def test_a_partners_picture_is_encoded_anew_and_asked_for_once(
    pair: Pair, network: InProcess, look: Look, shown: Article
) -> None:
    answering(pair[1], network, photo("JPEG", size=(1600, 900), comment=b"Secret place"), "image/jpeg")
    answers = [look(shown.pk) for _ in range(3)]
    assert [(answer.status_code, answer["Content-Type"]) for answer in answers] == [(200, "image/webp")] * 3
    assert Image.open(io.BytesIO(answers[0].content)).size == (800, 450)
    assert b"Secret" not in answers[0].content
    assert len(network.sent) == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<svg><script>alert(1)</script></svg>", "image/svg+xml"),
        (b"<svg><script>alert(1)</script></svg>", "image/png"),
        (photo("GIF"), "image/png"),
        (photo("PNG"), "text/html"),
        (photo("PNG"), "application/json"),
        (b"", "image/png"),
    ],
    ids=["svg", "svg that says png", "gif that says png", "png that says html", "png that says json", "nothing"],
)
def test_whatever_else_a_partner_sends_is_no_picture(
    pair: Pair, network: InProcess, look: Look, shown: Article, body: bytes, content_type: str
) -> None:
    answering(pair[1], network, body, content_type)
    assert [look(shown.pk).status_code for _ in range(2)] == [404, 404]
    assert len(network.sent) == 1


def test_a_dead_partner_is_asked_once_in_a_while(pair: Pair, network: InProcess, look: Look, shown: Article) -> None:
    network.fault = Fault.TIMEOUT
    assert [look(shown.pk).status_code for _ in range(3)] == [404] * 3
    assert len(network.sent) == 1


def test_a_partner_who_takes_long_for_one_is_asked_for_no_others_for_a_minute(
    pair: Pair, network: InProcess, look: Look, shown: Article, bassline: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_article(bassline, "Nebel", picture=make_picture(bassline))
    monkeypatch.setattr(pictures, "PATIENCE", 0)
    assert [look(article.pk).status_code for article in (shown, other, shown)] == [200, 404, 200]
    assert len(network.sent) == 1


@time_machine.travel(timezone.now(), tick=False)
def test_who_looks_at_too_many_pictures_reads_why_and_the_partner_is_not_asked(
    pair: Pair, network: InProcess, look: Look, shown: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept already is shown all the same."""
    monkeypatch.setattr(pictures, "PER_MINUTE", 1)
    answers = [look(shown.pk), look("other"), look(shown.pk)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert "Das waren sehr viele Bilder von Partnern. Bitte 60 Sekunden warten." in answers[1].content.decode()
    assert len(network.sent) == 1


def test_a_pause_of_ours_hides_what_is_kept(pair: Pair, network: InProcess, look: Look, shown: Article) -> None:
    assert look(shown.pk).status_code == 200
    pair[0].paused_at = timezone.now()
    pair[0].save()
    assert look(shown.pk).status_code == 404
    assert len(network.sent) == 1


def test_pictures_push_nothing_else_out_of_memory() -> None:
    assert caches["pictures"] is not caches["default"]
    caches["pictures"].set("key", b"1")
    assert caches["default"].get("key") is None
