"""Hosts that people take for others (security.md row 6): as they are shown, and what is odd about them. Pure.

The table holds the letters that are drawn alike in the usual typefaces, no more: what it misses, the comparison with
the mail domain and the safety number still show.
"""

import unicodedata
from enum import StrEnum

# Each group is drawn like its first letter, or nearly so.
_ALIKE = (
    "aаαɑ",
    "bЬьƅ",
    "cсϲ",
    "dԁɗ",
    "eеёεҽ",
    "gɡԍ",
    "hһհ",
    "iіıιɩíìӏl1|ⅼ",
    "jјϳ",
    "kκкҟ",
    "mмṃ",
    "nոηп",
    "oоοօ0ө",
    "pрρ",
    "qԛգ",
    "rгᴦ",
    "sѕʂ",
    "tτт",
    "uυսцʋ",
    "vνѵ",
    "wԝѡω",
    "xхχ",
    "yуγүʏ",
    "zᴢ",
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SKELETON = {ord(letter): group[0] for group in _ALIKE for letter in group}
_READABLE = {"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"}
_MIN_NAME = 4  # shorter names stand in others by chance


class Oddity(StrEnum):
    """What is odd about a host, the gravest first."""

    MIXED = "mixed"  # letters of several scripts in one label
    ALIKE = "alike"  # drawn like the mail domain, and another one
    CONTAINS = "contains"  # the mail domain's name stands in it, at another place
    FOREIGN = "foreign"  # another domain
    INTERNATIONAL = "international"  # letters beyond a to z


def shown_host(host: str) -> str:
    """The host as people would read it; as it is where punycode is not used or hides what cannot be shown."""
    labels = [_decoded(label) for label in host.split(".")]
    return ".".join(label if _is_readable(label) else raw for label, raw in zip(labels, host.split("."), strict=True))


def oddities(host: str, mail_domain: str) -> tuple[Oddity, ...]:
    """What an admin should know before he trusts `host`, the server of somebody with mails from `mail_domain`.

    Both in lower case, the host in punycode; `mail_domain` may be empty.
    """
    labels = [_decoded(label) for label in host.split(".")]
    found = [Oddity.MIXED] if any(len(_scripts(label)) > 1 for label in labels) else []
    relation = _relation(host, mail_domain) if mail_domain else None
    found += [relation] if relation else []
    found += [Oddity.INTERNATIONAL] if any(not label.isascii() for label in labels) else []
    return tuple(found)


def _relation(host: str, domain: str) -> Oddity | None:
    ascii_domain = _ascii(domain)
    if host == ascii_domain or host.endswith(f".{ascii_domain}"):
        return None
    of_host, of_domain = ([_skeleton(_decoded(label)) for label in name.split(".")] for name in (host, ascii_domain))
    if of_host[-len(of_domain) :] == of_domain or _differs_in_one_letter(of_host, of_domain):
        return Oddity.ALIKE
    name = of_domain[-2] if len(of_domain) > 1 else of_domain[0]
    if len(name) >= _MIN_NAME and any(name in label for label in of_host):
        return Oddity.CONTAINS
    return Oddity.FOREIGN


def _differs_in_one_letter(of_host: list[str], of_domain: list[str]) -> bool:
    """Whether a name of some length was mistyped: one letter more, fewer, other, or two exchanged; same ending."""
    if len(of_host) < 2 or len(of_domain) < 2 or of_host[-1] != of_domain[-1]:
        return False
    one, other = of_host[-2], of_domain[-2]
    if min(len(one), len(other)) <= _MIN_NAME or one == other:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])


def _skeleton(label: str) -> str:
    """The label with every letter replaced by the one that it is drawn like."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", label.lower()) if not unicodedata.combining(c))
    text = bare.translate(_SKELETON)
    for pair, single in _PAIRS:
        text = text.replace(pair, single)
    return text.replace("-", "")


def _scripts(label: str) -> set[str]:
    """LATIN, CYRILLIC, GREEK … of its letters; the scripts that Japanese mixes count as one."""
    names = {unicodedata.name(letter, "UNKNOWN").split(" ")[0] for letter in label if letter.isalpha()}
    japanese = {"HIRAGANA", "KATAKANA", "CJK"}
    return (names - japanese) | ({"JAPANESE"} if names & japanese else set())


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return unicodedata.normalize("NFC", label[4:].encode().decode("punycode"))
    except UnicodeError:
        return label


def _ascii(domain: str) -> str:
    """A mail domain as hosts are spelt; what cannot be spelt so stays as it is."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def _is_readable(label: str) -> bool:
    """Letters, their marks, digits and hyphens; nothing invisible, nothing that turns the direction."""
    return bool(label) and all(c == "-" or unicodedata.category(c) in _READABLE for c in label)
