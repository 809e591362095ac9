"""Pictures are decoded under limits, encoded anew and shown to members of the company alone (mission E2)."""

import io
import random
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from eventworx.tenants.models import Tenant
from eventworx.tenants.roles import Role
from inventory.articles import update_article
from inventory.models import Article, Picture
from inventory.pictures import MAX_UPLOAD_BYTES, NotAPicture, PictureTooLarge, encoded
from tests.factories import make_article, make_picture, make_tenant, photo
from tests.inventory.pages import BLANK

LogIn = Callable[..., Client]
LIMIT_OF_THE_PROTOCOL = 1024 * 1024


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def png_of(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of this size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT"


# --- encoding ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_picture_becomes_a_small_webp(kind: str) -> None:
    kept = opened(encoded(photo(kind, size=(2400, 1200))))
    assert (kept.format, kept.size) == ("WEBP", (800, 400))


def test_a_small_picture_is_not_blown_up_and_stays_transparent() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(written, "PNG")
    kept = opened(encoded(written.getvalue()))
    assert (kept.size, kept.mode) == ((30, 20), "RGBA")


def test_a_picture_stands_upright_and_says_nothing_of_its_camera() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Secret Camera", 6
    kept = encoded(photo("JPEG", size=(60, 40), exif=exif, comment=b"Secret place", icc_profile=b"Secret profile"))
    assert opened(kept).size == (40, 60)
    assert opened(kept).info.keys() <= {"background", "timestamp", "duration", "loop"}
    assert b"Secret" not in kept


def test_the_worst_picture_fits_into_the_protocols_limit() -> None:
    noise = Image.frombytes("RGBA", (900, 900), random.Random(1).randbytes(900 * 900 * 4))
    written = io.BytesIO()
    noise.save(written, "PNG")
    assert len(encoded(written.getvalue())) < LIMIT_OF_THE_PROTOCOL


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<html><script>alert(1)</script></html>",
        photo("GIF"),
        photo("TIFF"),
        photo("BMP"),
        photo("PNG")[:60],
        png_of(200_000, 200_000),
    ],
    ids=["empty", "pdf", "svg", "html", "gif", "tiff", "bmp", "torn", "bomb"],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        encoded(data)


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    for data in (png_of(5001, 5000), b"x" * (MAX_UPLOAD_BYTES + 1)):
        with pytest.raises(PictureTooLarge):
            encoded(data)


def test_damaged_files_are_refused_and_crash_nothing() -> None:
    chance = random.Random(7)
    seeds = [photo(kind) for kind in ("JPEG", "PNG", "WEBP")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow says of odd files goes to the log
        for _ in range(3000):
            data = bytearray(chance.choice(seeds))
            for _change in range(chance.choice([1, 3, 20])):
                data[chance.randrange(min(len(data), chance.choice([40, 1000])))] = chance.randrange(256)
            try:
                assert encoded(bytes(data[: chance.choice([None, chance.randrange(len(data))])])).startswith(b"RIFF")
            except (NotAPicture, PictureTooLarge):
                continue


# --- pages ------------------------------------------------------------------------------------------
def upload(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("photo.jpg", data, content_type="image/jpeg")


def test_a_picture_is_uploaded_shown_replaced_and_removed(aurora: Tenant, log_in: LogIn) -> None:
    client = log_in(aurora, Role.WAREHOUSE)
    client.post(aurora.url("inventory:article_create"), BLANK | {"picture": upload(photo(color="red"))})
    article = aurora.articles.get()
    first = aurora.url("inventory:picture", article.pk, article.picture_id)
    for page, pks in (("articles", []), ("article", [article.pk]), ("article_edit", [article.pk])):
        assert first in client.get(aurora.url(f"inventory:{page}", *pks)).content.decode()
    answer = client.get(first)
    assert opened(answer.content).size == (60, 40)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    edit = aurora.url("inventory:article_edit", article.pk)
    typed = BLANK | {"number": article.number}
    client.post(edit, typed)
    assert client.get(first).status_code == 200
    client.post(edit, typed | {"picture": upload(photo(color="blue"))})
    article.refresh_from_db()
    assert client.get(first).status_code == 404
    assert client.get(aurora.url("inventory:picture", article.pk, article.picture_id)).status_code == 200
    client.post(edit, typed | {"remove_picture": "on"})
    article.refresh_from_db()
    assert (article.picture, Picture.objects.count()) == (None, 0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"<svg></svg>", "Das ist kein Bild, das wir lesen können."),
        (png_of(5001, 5000), "Das Bild ist zu groß"),
        (b"", "Die übermittelte Datei ist leer."),
    ],
    ids=["svg", "large", "empty"],
)
def test_what_cannot_be_kept_gets_a_sentence_and_changes_nothing(
    aurora: Tenant, log_in: LogIn, data: bytes, sentence: str
) -> None:
    article = make_article(aurora, number="X1", picture=make_picture(aurora))
    url = aurora.url("inventory:article_edit", article.pk)
    answer = log_in(aurora).post(url, BLANK | {"number": "X1", "picture": upload(data)})
    assert sentence in answer.content.decode()
    assert aurora.articles.get().picture_id == article.picture_id


def test_a_picture_belongs_to_its_article_and_company(aurora: Tenant, cymbal: Tenant, log_in: LogIn) -> None:
    mine = make_article(aurora, picture=make_picture(aurora))
    other, foreign = make_article(aurora), make_article(cymbal, picture=make_picture(cymbal))
    client = log_in(aurora, Role.READ_ONLY)
    assert client.get(aurora.url("inventory:picture", mine.pk, mine.picture_id)).status_code == 200
    for article, picture in ((other.pk, mine.picture_id), (foreign.pk, foreign.picture_id)):
        assert client.get(aurora.url("inventory:picture", article, picture)).status_code == 404


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_new_pictures_at_once_leave_one() -> None:
    aurora = make_tenant("aurora")
    article = make_article(aurora, number="X1", picture=make_picture(aurora))
    content = encoded(photo())

    def change(_turn: Any) -> None:
        try:
            mine = Article.objects.select_related("tenant").get(pk=article.pk)
            update_article(article=mine, number="X1", picture=content)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as crowd:
        list(crowd.map(change, range(24)))
    assert list(Picture.objects.values_list("pk", flat=True)) == [Article.objects.get().picture_id]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_changes_other_fields_keeps_the_picture_that_somebody_else_has_just_set() -> None:
    """Everybody has read the article before anybody writes: nobody brings back a picture that is gone."""
    aurora = make_tenant("aurora")
    article = make_article(aurora, number="X1", picture=make_picture(aurora))
    content, turns = encoded(photo()), range(12)
    everybody = Barrier(len(turns))

    def change(turn: int) -> None:
        try:
            mine = Article.objects.select_related("tenant").get(pk=article.pk)
            everybody.wait(10)
            fields: Any = {"picture": content} if turn % 2 else {"manufacturer": "Martin"}
            update_article(article=mine, number="X1", **fields)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(turns)) as crowd:
        list(crowd.map(change, turns))
    left = Article.objects.get()
    assert left.manufacturer == "Martin"
    assert list(Picture.objects.values_list("pk", flat=True)) == [left.picture_id]
