"""The development mailbox shows mails as they arrived, and survives whatever a mail contains."""

import html
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from eventworx.demo.logins import Login, keep_logins
from eventworx.demo.mailbox import all_mails, find_mail

pytestmark = pytest.mark.django_db

CODE = "-----BEGIN EVENTWORX PARTNER CODE-----\nABCD-EFGH  <&>\n-----END EVENTWORX PARTNER CODE-----\n"
NASTY = b"""Content-Type: multipart/mixed; boundary="x"
From: =?nowhere?B?!!!!?= <"><script>alert(1)</script>@evil.example>
To: <victim@aurora.example>, "><img src=x onerror=alert(1)>
Subject: =?utf-8?B?PHNjcmlwdD5hbGVydCgyKTwvc2NyaXB0Pg==?=
X-Broken: \xff\xfe

--x
Content-Type: text/plain; charset="no\x00such"

<script>alert(3)</script> \xff \xc3\xa4
--x
Content-Type: text/html

<img src=x onerror=alert(4)>
--x
Content-Type: text/html; name="../../etc/passwd"
Content-Disposition: attachment; filename="../../<b>evil</b>\r\n Set-Cookie: a=b.html"
Content-Transfer-Encoding: base64

!!not base64!!
"""


@pytest.fixture
def mails(settings: Settings, tmp_path: Path) -> Path:
    settings.EWX_DEMO, settings.EWX_MAIL_DIR = True, str(tmp_path / "mails")
    (tmp_path / "mails").mkdir()
    return tmp_path / "mails"


@pytest.fixture
def send(mails: Path) -> Callable[..., None]:
    """Through Django's own backend, all in one connection and so in one file."""

    def send_mails(*subjects: str, to: str = "b@bassline.example", body: str = "Hallo") -> None:
        backend = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(mails))
        messages = [EmailMultiAlternatives(subject, body, "a@aurora.example", [to]) for subject in subjects]
        for message in messages:
            message.attach("bestellung.json", b'{"a": 1}', "application/json")
            message.attach_alternative("<p>Hallo</p>", "text/html")
        backend.send_messages(messages)

    return send_mails


def shown_text(page: str) -> str:
    """What a browser shows of the plain part: without tags, entities resolved, the newline after <pre> dropped."""
    found = re.search(r'<pre class="ewx-mail ewx-prose" id="mail-text">\n(.*?)</pre>', page, re.DOTALL)
    assert found
    return html.unescape(re.sub(r"<[^>]+>", "", found[1]))


def test_all_mails_of_a_file_the_newest_first(send: Callable[..., None], mails: Path) -> None:
    send("eins", "zwei")
    old = next(mails.iterdir())
    os.utime(old, (1_000_000, 1_000_000))
    send("drei")
    assert [mail.subject for mail in all_mails()] == ["drei", "zwei", "eins"]


def test_list_filters_by_recipient(client: Client, send: Callable[..., None]) -> None:
    send("An Bassline")
    send("An Aurora", to="Jana <A@aurora.example>")
    page = client.get(reverse("demo:mailbox"), {"to": "a@aurora.example"}).content.decode()
    assert "An Aurora" in page
    assert "An Bassline" not in page
    assert "b@bassline.example" in page  # as a choice


def test_fragment_for_htmx(client: Client, send: Callable[..., None]) -> None:
    send("Ein Betreff")
    page = client.get(reverse("demo:mailbox"), headers={"HX-Request": "true"}).content.decode()
    assert "Ein Betreff" in page
    assert "<html" not in page


def test_text_is_shown_exactly_as_it_arrived(client: Client, send: Callable[..., None]) -> None:
    body = f"\nGuten Tag,\n\n  eingerückt & mit Umlaut ß\nhttps://bassline.example/partner/x?a=1&b=2 .\n> Zitat\n{CODE}"
    send("Partner-Code", body=body)
    (mail,) = all_mails()
    assert mail.text == body
    page = client.get(reverse("demo:mail", args=(mail.file, mail.index))).content.decode()
    assert shown_text(page) == body
    assert 'href="https://bassline.example/partner/x?a=1&amp;b=2"' in page
    assert 'data-ewx-copy="#mail-text"' in page


def test_html_is_shown_as_source_and_attachments_are_downloads(client: Client, send: Callable[..., None]) -> None:
    send("Bestellung")
    (mail,) = all_mails()
    page = client.get(reverse("demo:mail", args=(mail.file, mail.index))).content.decode()
    assert "&lt;p&gt;Hallo&lt;/p&gt;" in page
    answer = client.get(reverse("demo:attachment", args=(mail.file, mail.index, 1)))
    assert answer.content == b'{"a": 1}'
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bestellung.json"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(reverse("demo:attachment", args=(mail.file, mail.index, 2))).status_code == 404


def test_nasty_mail_does_nothing(client: Client, mails: Path) -> None:
    (mails / "nasty.eml").write_bytes(NASTY)
    listed = client.get(reverse("demo:mailbox")).content.decode()
    shown = client.get(reverse("demo:mail", args=("nasty.eml", 0))).content.decode()
    for page in (listed, shown):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(2)" in listed
    assert "&lt;script&gt;alert(3)&lt;/script&gt; \N{REPLACEMENT CHARACTER} ä" in shown
    download = client.get(reverse("demo:attachment", args=("nasty.eml", 0, 1)))
    assert download.headers["Content-Disposition"].startswith("attachment;")
    assert "Set-Cookie" not in download.headers


@pytest.mark.parametrize("garbage", [b"", b"\n\n", b"\x00\xff" * 50, b"Subject: =?utf-8?q?=?=\n\n", b"To: ,,<>@;:\n\n"])
def test_garbage_is_no_error(client: Client, mails: Path, garbage: bytes) -> None:
    (mails / "garbage.eml").write_bytes(garbage)
    assert client.get(reverse("demo:mailbox")).status_code == 200


def test_nothing_but_mails_of_the_folder_is_reached(client: Client, mails: Path) -> None:
    outside = mails.parent / "secret.eml"
    outside.write_bytes(b"Subject: geheim\n\n")
    (mails / "notes.txt").write_text("geheim")
    (mails / "link.eml").symlink_to(outside)
    assert all_mails() == []
    for name in ("../secret.eml", str(outside), "link.eml", "notes.txt", "..", "x\x00.eml"):
        assert find_mail(name, 0) is None
    assert client.get("/demo/mailbox/..%2Fsecret.eml/0/").status_code == 404
    assert client.get(reverse("demo:mail", args=("link.eml", 0))).status_code == 404


def test_a_folder_that_is_not_there_is_an_empty_mailbox(client: Client, settings: Settings) -> None:
    settings.EWX_DEMO, settings.EWX_MAIL_DIR = True, ""
    assert client.get(reverse("demo:mailbox")).status_code == 200


def test_nothing_answers_on_a_real_installation(client: Client, settings: Settings, send: Callable[..., None]) -> None:
    send("Geheim")
    (mail,) = all_mails()
    settings.EWX_DEMO = False
    for url in (
        reverse("demo:mailbox"),
        reverse("demo:mail", args=(mail.file, mail.index)),
        reverse("demo:attachment", args=(mail.file, mail.index, 1)),
    ):
        assert client.get(url).status_code == 404


def test_logins_are_shown_in_a_demo_only(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.EWX_DEMO = tmp_path, True
    keep_logins([Login("aurora", "Aurora", "admin", "Jana Albers", "jana@aurora.example", "offen")])
    assert (tmp_path / "demo-logins.json").stat().st_mode & 0o777 == 0o600
    assert "jana@aurora.example" in render_to_string("demo/_logins.html")
    settings.EWX_DEMO = False
    assert render_to_string("demo/_logins.html").strip() == ""


def test_no_logins_before_there_is_a_demo(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.EWX_DEMO = tmp_path, True
    assert render_to_string("demo/_logins.html").strip() == ""
