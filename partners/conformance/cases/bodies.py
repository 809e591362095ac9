"""Body, digest, size and encoding (protocol §3)."""

import base64
import gzip
import hashlib

from partners.conformance.checks import case
from partners.conformance.drafts import Draft, Wire
from partners.conformance.forging import forged, spoilt
from partners.conformance.peer import HARMLESS, NOTICE, Peer
from partners.protocol.signing import content_digest
from partners.protocol.wire import ProblemCode, dumps

LIMIT = 256 * 1024


@forged("digest.wrong", "The digest of another body is refused")
def wrong_digest(draft: Draft) -> None:
    draft.headers["Content-Digest"] = content_digest(b"another")


@spoilt("digest.other-body", "A body that was changed on its way is refused")
def other_body(wire: Wire) -> None:
    wire.body = wire.body.replace(b"conformance", b"conf0rmance")


@spoilt("digest.no-body", "A body that was taken away is refused")
def no_body(wire: Wire) -> None:
    wire.body = b""


@forged("digest.two", "Two digests are refused, even if both hold")
def two_digests(draft: Draft) -> None:
    draft.headers["Content-Digest"] = f"{content_digest(draft.body)}, {_sha_512(draft.body)}"


@forged("digest.sha-512", "A digest by another hash is refused")
def other_hash(draft: Draft) -> None:
    draft.headers["Content-Digest"] = _sha_512(draft.body)


@forged("digest.missing", "A body without Content-Digest is refused")
def missing_digest(draft: Draft) -> None:
    del draft.headers["Content-Digest"]
    draft.covered.remove('"content-digest"')


@forged("body.without-type", "A body without Content-Type is refused")
def without_type(draft: Draft) -> None:
    del draft.headers["Content-Type"]
    draft.covered.remove('"content-type"')


@forged("body.encoded", "Content-Encoding is refused: a body compressed with gzip")
def encoded(draft: Draft) -> None:
    draft.body = gzip.compress(draft.body)
    draft.headers["Content-Digest"] = content_digest(draft.body)
    draft.spoilers.append(lambda wire: wire.add("Content-Encoding", "gzip"))


@spoilt("body.encoded-identity", "Content-Encoding is refused, whatever it says")
def encoded_identity(wire: Wire) -> None:
    wire.add("Content-Encoding", "identity")


@spoilt("body.chunked", "A chunked request is refused")
def chunked(wire: Wire) -> None:
    wire.add("Transfer-Encoding", "chunked")
    wire.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(wire.body), wire.body)


@case("body.on-get", "A body on GET is refused, even if it is covered", "§3")
def on_get(peer: Peer) -> None:
    peer.refused(peer.send(peer.draft("GET", "/connection", HARMLESS)))


@case("body.on-delete", "A body on DELETE is refused, even if it is covered", "§3")
def on_delete(peer: Peer) -> None:
    peer.refused(peer.send(peer.draft("DELETE", "/keys/0000000000000000", HARMLESS)))


@case("size.largest", f"A body of {LIMIT} bytes is taken", "§3")
def largest(peer: Peer) -> None:
    peer.post(NOTICE, body=_padded(LIMIT)).signed(204)


@case("size.too-large", f"A body of {LIMIT + 1} bytes is 413, unsigned", "§3")
def too_large(peer: Peer) -> None:
    peer.post(NOTICE, body=_padded(LIMIT + 1)).unsigned(ProblemCode.TOO_LARGE, 413)


@case("size.before-signature", "413 comes before everything else: also for whoever proves nothing", "§3")
def before_signature(peer: Peer) -> None:
    draft = peer.draft("POST", "/nowhere", body=_padded(LIMIT + 1))
    draft.spoilers.append(lambda wire: wire.drop("Signature"))
    peer.send(draft).unsigned(ProblemCode.TOO_LARGE, 413)


def _padded(size: int) -> bytes:
    return dumps(HARMLESS).ljust(size)


def _sha_512(body: bytes) -> str:
    return f"sha-512=:{base64.b64encode(hashlib.sha512(body).digest()).decode()}:"
