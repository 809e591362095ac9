"""Partner codes put together by another way than the product's, so that tests can make wrong ones."""

import base64
import hashlib

_FROM_RFC_4648 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def symbols_of(text: str) -> str:
    """What stands between the markers, without blanks."""
    return "".join(text.partition("EWX1:")[2].partition(":EWX")[0].split())


def armoured(data: bytes, marker: str = "EWX1:") -> str:
    """Any bytes as a code."""
    padded = data + bytes(-len(data) % 5)
    return f"{marker} {base64.b32encode(padded).decode().translate(_FROM_RFC_4648)} :EWX"


def dearmoured(symbols: str) -> bytes:
    """The bytes of symbols that nobody damaged, with their padding."""
    return base64.b32decode(symbols.translate({value: key for key, value in _FROM_RFC_4648.items()}))


def sealed(body: bytes) -> bytes:
    """The bytes with their checksum."""
    return body + hashlib.sha256(b"ewx-pair-1" + body).digest()[:5]
