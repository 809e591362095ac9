"""What mail programs make of a partner code (security row 3): each kind of damage is undone."""

import html
import quopri
import string
import textwrap
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest
from hypothesis import given

from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import CodeRefused, PairingCode, Refusal, encode
from tests.partners.protocol.armour import armoured, dearmoured, symbols_of
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


def test_fifteen_kinds_of_damage_to_a_thousand_codes_each():
    """Security row 3: what each real mail program does, to codes of every length."""
    codes = [random_code(Random(3 * number)) for number in range(1000)]
    texts = [encode(code) for code in codes]
    for name in EVERYDAY:
        damaged = map(DAMAGE[name], texts)
        assert [read(text) for text in damaged] == codes, name


EVERYDAY = [
    *("whole mail", "quoted", "quoted three times", "forwarded", "wrapped and quoted", "one line"),
    *("carriage returns", "lower case", "non-breaking spaces", "soft hyphens everywhere", "zero-width spaces"),
    *("typed by hand", "quoted-printable", "html entities", "quoted-printable html"),
]


def random_code(rng: Random) -> PairingCode:
    host = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randrange(1, 40)))
    name = "".join(rng.choices("abc ÄÖÜäöüß&<>=株0123456789", k=rng.randrange(1, 20))).strip() or "x"
    return PairingCode(
        connection_id=UUID(bytes=rng.randbytes(16)),
        public_key=KeyPair.from_raw(rng.randbytes(32)).public,
        origin=f"https://{host}.example",
        tenant_id="".join(rng.choices("abcXYZ019_-", k=rng.randrange(1, 64))),
        display_name=name,
        expires_at=datetime.fromtimestamp(rng.randrange(1_800_000_000, 2**32), UTC),
    )


def test_no_mutation_makes_another_code():
    """Security row 4: 60,000 mutations, each of a mail; what is still read is the very same code."""
    rng, outcomes = Random(4), Counter[str]()
    texts = [(encode(code), code) for code in (random_code(rng) for _ in range(40))]
    for number in range(60_000):
        text, code = rng.choice(texts)
        mutated = MUTATIONS[number % len(MUTATIONS)](rng, text)
        try:
            assert read(mutated) == code, mutated
        except CodeRefused as refused:
            outcomes[refused.refusal] += 1
        else:
            outcomes["read"] += 1
    assert outcomes.keys() >= {"read", Refusal.CHANGED, Refusal.INCOMPLETE, Refusal.NOT_A_CODE}
    assert 5_000 < outcomes["read"] < 30_000, outcomes


def _replaced(rng: Random, text: str, characters: str = string.ascii_letters + string.digits) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(characters) + text[at + 1 :]


def _inserted(rng: Random, text: str, characters: str = string.printable + "äßÂ\u00a0\u200b\u202e①Ｅ") -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(characters) + text[at:]


def _cut(rng: Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + text[at + rng.choice((1, 1, 2, 6, 40)) :]


def _swapped(rng: Random, text: str) -> str:
    groups = text.split(" ")
    at, to = rng.sample(range(len(groups)), 2)
    groups[at], groups[to] = groups[to], groups[at]
    return " ".join(groups)


def _spliced(rng: Random, text: str) -> str:
    """The front of one code, long enough to differ, and the rest of another."""
    at = rng.randrange(40, len(text))
    return text[:at] + encode(random_code(rng))[at:]


def _flipped(rng: Random, text: str) -> str:
    """One bit of the bytes, padding included."""
    raw = bytearray(dearmoured(symbols_of(text)))
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return armoured(bytes(raw))


def _several(rng: Random, text: str) -> str:
    for _ in range(rng.randrange(2, 5)):
        text = rng.choice((_replaced, _inserted, _cut))(rng, text)
    return text


def _blanks(rng: Random, text: str) -> str:
    """What changes nothing: blanks and line ends anywhere between the markers."""
    at = rng.randrange(5, len(text) - 4)
    return text[:at] + rng.choice([" ", "\n", "\n> ", "\u00a0", "-"]) + text[at:]


def _cased(rng: Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at].lower() + text[at:].swapcase()


def _alike(rng: Random, text: str) -> str:
    """Letters that look alike, between the markers."""
    return "EWX1:" + text[5:].replace("0", rng.choice("0oO")).replace("1", rng.choice("1iIlL"))


MUTATIONS = [_replaced, _inserted, _cut, _swapped, _spliced, _flipped, _several, _blanks, _cased, _alike]


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
