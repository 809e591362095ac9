"""Keys of small order: under them anybody can forge, so a server must never stage one (protocol §1, RFC 8032)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from partners.conformance.answers import Broken
from partners.conformance.cases.keys import listed, staging
from partners.conformance.checks import case
from partners.conformance.drafts import Wire
from partners.conformance.peer import Peer
from partners.protocol.keys import keyid

# Every encoding of the eight points whose order divides 8, the ones that are not canonical included.
_SMALL_ORDER = tuple(
    bytes.fromhex(head) + fill * (31 - len(head) // 2) + bytes.fromhex(last)
    for head, fill, last in (
        *(("01", b"\0", last) for last in ("00", "80")),
        *(("ec", b"\xff", last) for last in ("7f", "ff")),
        *(("00", b"\0", last) for last in ("00", "80")),
        *(("ed", b"\xff", last) for last in ("7f", "ff")),
        *(("ee", b"\xff", last) for last in ("7f", "ff")),
        *(("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc", b"", last) for last in ("05", "85")),
        *(("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03", b"", last) for last in ("7a", "fa")),
    )
)
_TRIES = 500
_FORGERY = b"\x01" + bytes(63)  # R is the neutral point, S is 0


class WeakKey:
    """A public key that nobody has the private half of; its one signature holds for a good part of all messages."""

    def __init__(self, public: bytes) -> None:
        self.public = public
        self.holds = False

    @property
    def keyid(self) -> str:
        return keyid(self.public)

    def sign(self, message: bytes) -> bytes:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(_FORGERY, message)
        except (InvalidSignature, ValueError):
            self.holds = False
        else:
            self.holds = True
        return _FORGERY


@case("keys.small-order", "A key of small order is never staged, though its forged signature verifies", "§1, §4")
def small_order(peer: Peer) -> None:
    before = listed(peer)
    for public in _SMALL_ORDER:
        answer = peer.transmit(_forged(peer, WeakKey(public)))
        if answer.status == 201:
            raise Broken(f"{answer}: {public.hex()} was staged")
        peer.never_served(answer)
    if listed(peer) != before:
        raise Broken("the keys have changed")


def _forged(peer: Peer, weak: WeakKey) -> Wire:
    """POST /keys for a weak key with an ewx-new that holds: another nonce until it does."""
    wires = (staging(peer, weak, weak.public).signed() for _ in range(_TRIES))
    return next(wire for wire in wires if weak.holds)
