"""Who signed, and what for: everything that proves nothing is the one 401 (protocol §3)."""

import base64
from uuid import uuid4

from partners.conformance.checks import case
from partners.conformance.drafts import Draft, Signer, Wire
from partners.conformance.forging import forged, spoilt
from partners.conformance.peer import Peer
from partners.protocol.keys import SIGNATURE_BYTES, KeyPair

_ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519's base point
_ELSEWHERE = "elsewhere.example"


@spoilt("signature.none", "A request without any signature is refused")
def none(wire: Wire) -> None:
    for name in ("Signature-Input", "Signature"):
        wire.drop(name)


@spoilt("signature.input-alone", "A request with Signature-Input alone is refused")
def input_alone(wire: Wire) -> None:
    wire.drop("Signature")


@spoilt("signature.value-alone", "A request with Signature alone is refused")
def value_alone(wire: Wire) -> None:
    wire.drop("Signature-Input")


@spoilt("signature.flipped", "A signature with one bit flipped is refused")
def flipped(wire: Wire) -> None:
    raw = bytearray(_raw(wire))
    raw[7] ^= 1
    _replace(wire, bytes(raw))


@spoilt("signature.zeros", "A signature of 64 zero bytes is refused")
def zeros(wire: Wire) -> None:
    _replace(wire, bytes(SIGNATURE_BYTES))


@spoilt("signature.short", "A signature of 63 bytes is refused")
def short(wire: Wire) -> None:
    _replace(wire, _raw(wire)[:-1])


@spoilt("signature.not-canonical", "The same signature with S + L instead of S is refused", "§3, RFC 8032 §5.1.7")
def not_canonical(wire: Wire) -> None:
    raw = _raw(wire)
    shifted = int.from_bytes(raw[32:], "little") + _ORDER
    _replace(wire, raw[:32] + shifted.to_bytes(32, "little"))


@forged("signature.foreign-key", "A key that nobody entered is refused")
def foreign_key(draft: Draft) -> None:
    draft.signer.key = KeyPair.generate()
    draft.signer.set("keyid", f'"{draft.signer.key.keyid}"')


@forged("signature.foreign-key-as-ours", "A foreign key under the name of the entered one is refused")
def foreign_key_as_ours(draft: Draft) -> None:
    draft.signer.key = KeyPair.generate()


@forged("connection.unknown", "A connection id that was never issued is refused")
def unknown_connection(draft: Draft) -> None:
    draft.headers["EWX-Connection"] = str(uuid4())


@case("connection.callers", "The caller's own connection id instead of the receiver's is refused", "§3")
def callers_connection(peer: Peer) -> None:
    draft = peer.notice()
    draft.headers["EWX-Connection"] = str(peer.identity.connection_id)
    peer.refused(peer.send(draft))


@forged("connection.upper-case", "A connection id in upper case is refused", "§1")
def upper_case_connection(draft: Draft) -> None:
    draft.headers["EWX-Connection"] = draft.headers["EWX-Connection"].upper()


@spoilt("connection.missing", "A request that names no connection is refused")
def missing_connection(wire: Wire) -> None:
    wire.drop("EWX-Connection")


@case("target.method", "A signature for another method is refused", "§3")
def other_method(peer: Peer) -> None:
    wire = peer.draft("GET", "/connection").signed()
    wire.method = "PUT"
    peer.refused(peer.transmit(wire))


@spoilt("target.path", "A signature for another path is refused")
def other_path(wire: Wire) -> None:
    wire.target = wire.target.replace("/connection/notice", "/pairing")


@spoilt("target.query", "A query added after signing is refused")
def added_query(wire: Wire) -> None:
    wire.target += "?x=1"


@forged("target.origin", "A request signed for another server is refused")
def other_origin(draft: Draft) -> None:
    draft.origin = f"https://{_ELSEWHERE}"


@forged("target.forwarded-host", "The origin comes from configuration, never from X-Forwarded-Host or Forwarded")
def forwarded_host(draft: Draft) -> None:
    draft.origin = f"https://{_ELSEWHERE}"
    draft.spoilers.append(_forwarded)


def _forwarded(wire: Wire) -> None:
    wire.add("X-Forwarded-Host", _ELSEWHERE)
    wire.add("X-Forwarded-Proto", "https")
    wire.add("Forwarded", f"host={_ELSEWHERE};proto=https")


@case("target.host", "The origin comes from configuration, never from Host", "§3")
def host(peer: Peer) -> None:
    """A proxy in front may have an answer of its own for a foreign name, so any refusal counts."""
    draft = peer.notice()
    draft.origin = f"{draft.origin.partition('://')[0]}://{_ELSEWHERE}"
    draft.spoilers.append(lambda wire: wire.add("Host", _ELSEWHERE))
    peer.never_served(peer.send(draft))


@case("target.escaped-path", "A path with escapes is not the path that they stand for", "§3")
def escaped_path(peer: Peer) -> None:
    peer.never_served(peer.send(peer.draft("GET", "/%63onnection")))


@case("target.raw-query", "The query is covered as it was sent, never decoded and encoded anew", "§3")
def raw_query(peer: Peer) -> None:
    peer.send(peer.draft("GET", "/connection?a=%c3%a4&b=x+y%20z&c=%7e&&d")).signed(200)


@forged("label.other", "A signature under another label than ewx is refused")
def other_label(draft: Draft) -> None:
    draft.signer.label = "sig1"


@forged("label.two", "Two signatures are refused, even if both hold")
def two_signatures(draft: Draft) -> None:
    draft.signers.append(Signer.of(draft.signer.key, int(draft.signer.get("created")), "sig1"))


@forged("label.new-elsewhere", "The label ewx-new is refused on every route but POST /keys")
def new_label_elsewhere(draft: Draft) -> None:
    draft.signers.append(Signer.of(KeyPair.generate(), int(draft.signer.get("created")), "ewx-new"))


@forged("label.twice", "The label ewx twice is refused")
def label_twice(draft: Draft) -> None:
    draft.signers.append(Signer.of(draft.signer.key, int(draft.signer.get("created"))))


def _raw(wire: Wire) -> bytes:
    return base64.b64decode(wire.get("Signature").removeprefix("ewx=:").removesuffix(":"))


def _replace(wire: Wire, raw: bytes) -> None:
    wire.set("Signature", f"ewx=:{base64.b64encode(raw).decode()}:")
