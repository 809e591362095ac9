"""What mail programs make of a partner code (security row 3): each kind of damage is undone."""

import html
import quopri
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given

from partners.protocol.pairing_code import PairingCode, Refusal, encode
from tests.partners.protocol.strategies import few, pairing_codes
from tests.partners.protocol.test_pairing_code import CODE, read, refusal_of


def mail(code: str) -> str:
    return (
        "Guten Tag,\n\nhier ist unser Partner-Code. Bitte unter „Eintragen“ einfügen:\n\n"
        f"{code}\n\nViele Grüße – Bassline Rental <post@bassline.example>\n"
    )


def body(code: str) -> str:
    """A code without its markers, which damage inside the code leaves alone."""
    return code.partition("EWX1:")[2].partition(":EWX")[0]


def inside(damage: Callable[[str], str]) -> Callable[[str], str]:
    return lambda code: mail(f"EWX1:{damage(body(code))}:EWX")


def quoted(text: str) -> str:
    return "".join(f"> {line}\n" for line in text.splitlines())


def as_html(text: str) -> str:
    paragraphs = '</p><p style="margin:0">'.join(html.escape(text).splitlines())
    return f"<html><head><title>Mail</title></head><body><p>{paragraphs}</p></body></html>"


def printable(text: str) -> str:
    return quopri.encodestring(text.encode()).decode()


DAMAGE: dict[str, Callable[[str], str]] = {
    "bare": lambda code: code,
    "whole mail": mail,
    "quoted": lambda code: quoted(mail(code)),
    "quoted three times": lambda code: quoted(quoted(quoted(mail(code)))),
    "forwarded": lambda code: "Von: Max\nBetreff: WG: Code\n\n-----Weitergeleitet-----\n" + quoted(mail(code)),
    "wrapped at 30": lambda code: mail("\n".join(textwrap.wrap(code, 30))),
    "wrapped and quoted": lambda code: quoted(mail("\n".join(textwrap.wrap(code, 24)))),
    "one line": lambda code: mail("".join(code.split())),
    "carriage returns": lambda code: mail(code).replace("\n", "   \r\n"),
    "tabs": lambda code: mail(code.replace(" ", "\t")),
    "lower case": lambda code: mail(code.lower()),
    "non-breaking spaces": lambda code: mail(code.replace(" ", "\u00a0")),
    "soft hyphens": inside(lambda code: "\u00ad".join(code)),
    "soft hyphens everywhere": lambda code: "\u00ad".join(mail(code)),
    "zero-width spaces": lambda code: "\u200b".join(mail(code)),
    "byte order marks": lambda code: "\ufeff" + mail(code).replace("\n", "\n\ufeff"),
    "full width": inside(lambda code: "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in code)),
    "typed by hand": inside(lambda code: code.replace("0", "O").replace("1", "l")),
    "hyphens and dots": inside(lambda code: code.replace(" ", "-").replace("\n", " … ")),
    "quoted-printable": lambda code: printable(mail(code)),
    "quoted-printable, all": lambda code: "".join(f"={byte:02X}" for byte in mail(code).encode()),
    "quoted-printable spaces": lambda code: printable(mail(code.replace(" ", "\u00a0"))),
    "html": lambda code: as_html(mail(code)),
    "html breaks": lambda code: mail(code).replace("\n", "<br>\n").replace("<post@", "&lt;post@"),
    "html entities": lambda code: as_html(mail(code)).replace(" ", "&nbsp;"),
    "html numbers": lambda code: "".join(f"&#{ord(c)};" for c in mail(code)),
    "html hexadecimal": lambda code: "".join(f"&#x{ord(c):X};" for c in mail(code)),
    "html spans": lambda code: mail("<span>" + code.replace(" ", "</span> <span class='x1'>") + "</span>"),
    "html word breaks": lambda code: mail("<wbr>".join(code)),
    "html table": lambda code: f"<table><tr><td>Code</td><td>{code}</td></tr></table>".replace("> ", ">"),
    "quoted-printable html": lambda code: printable(as_html(mail(code)).replace(" ", "&nbsp;")),
    "text and html": lambda code: mail(code) + "\n--b1\nContent-Type: text/html\n\n" + as_html(mail(code)),
    "label before": lambda code: "Code:" + code + ":Ende",
    "twice": lambda code: mail(code) + quoted(mail(code.lower())),
    "begun, then whole": lambda code: "EWX1: 0406R ...\n" + mail(code),
    "linked": lambda code: f'<a href="EWX1:">{html.escape(code)}</a>',
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
@given(pairing_codes())
@few
def test_damage_is_undone(damage: Callable[[str], str], code: PairingCode):
    assert read(damage(encode(code))) == code


def test_a_code_whose_last_symbols_look_like_a_marker():
    """`EWX1` may end a code by chance: its end marker must still be found."""
    ending = f"EWX1:{body(encode(CODE)).strip()[:-4]}EWX1:EWX"
    assert refusal_of(ending) is Refusal.CHANGED


def test_the_first_refusal_is_shown():
    """As it stands the text is damaged; that it would be something else as HTML does not matter."""
    code = encode(CODE).replace("\n", "<br>")
    assert refusal_of(code, now=CODE.expires_at) is Refusal.CHANGED
    assert refusal_of(encode(CODE), now=CODE.expires_at) is Refusal.EXPIRED
