"""Key rotation: a new key, authenticated by the one before (protocol §4 "POST /keys")."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from partners.conformance.answers import Broken
from partners.conformance.checks import case
from partners.conformance.drafts import Draft, Signer, SigningKey
from partners.conformance.peer import Peer
from partners.protocol.keys import KeyPair
from partners.protocol.wire import ProblemCode, fields
from partners.protocol.wire.fields import Node

Spoil = Callable[[Draft], None]


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One of the caller's keys as the answerer has it."""

    keyid: str
    state: str
    since: datetime | None


def listed(peer: Peer) -> dict[str, str]:
    """The state of each of the kit's keys at the server; NotApplicable where it does not offer /keys."""
    answer = peer.offered("keys", peer.get("/keys")).signed(200)
    return {item.keyid: item.state for item in _parse_keys(answer.document)}


def _keys(node: Node) -> tuple[ListedKey, ...]:
    return node.items("items", _listed_key)


def _listed_key(node: Node) -> ListedKey:
    return ListedKey(
        node.required("keyid", fields.word), node.required("state", fields.word), node.required("since", fields.instant)
    )


_parse_keys = fields.Parser(_keys)


def staging(peer: Peer, new: SigningKey, public: bytes) -> Draft:
    """POST /keys with both signatures; `public` stands in the body."""
    draft = peer.draft("POST", "/keys", {"public_key": base64.b64encode(public).decode()})
    draft.signers.append(Signer.of(new, peer.now, "ewx-new"))
    return draft


def stage(peer: Peer) -> KeyPair:
    new = KeyPair.generate()
    answer = peer.send(staging(peer, new, new.public)).signed(201)
    if (answer.object.get("keyid"), answer.object.get("state")) != (new.keyid, "staged"):
        raise Broken(f"{answer}: {answer.raw.body[:100]!r}")
    return new


def use(peer: Peer, new: KeyPair) -> KeyPair:
    """Sign with a staged key from now on; the key before it."""
    peer.send(peer.draft("GET", "/connection", key=new)).signed(200)
    before, peer.identity.key = peer.identity.key, new
    peer.save()
    return before


@case("keys.list", "GET /keys lists the caller's keys; the one that signs is active", "§4")
def list_keys(peer: Peer) -> None:
    states = listed(peer)
    if states.get(peer.identity.key.keyid) != "active":
        raise Broken(f"{peer.seen}: {states}")


@case("keys.stage", "POST /keys signed by both keys is 201 staged; the key before stays active", "§4")
def staged(peer: Peer) -> None:
    listed(peer)
    new = stage(peer)
    states = listed(peer)
    if (states.get(new.keyid), states.get(peer.identity.key.keyid)) != ("staged", "active"):
        raise Broken(f"{peer.seen}: {states}")


@case("keys.use", "The first use of a staged key makes it active and retires the one before, which still counts", "§4")
def used(peer: Peer) -> None:
    listed(peer)
    before = use(peer, stage(peer))
    states = listed(peer)
    if (states.get(peer.identity.key.keyid), states.get(before.keyid)) != ("active", "retiring"):
        raise Broken(f"{peer.seen}: {states}")
    peer.send(peer.draft("GET", "/connection", key=before)).signed(200)


@case("keys.replace", "A second staged key replaces the first, which proves nothing any more", "§4")
def replaced(peer: Peer) -> None:
    listed(peer)
    first, second = stage(peer), stage(peer)
    if first.keyid in listed(peer):
        raise Broken(f"{peer.seen}: the first staged key is still there")
    peer.refused(peer.send(peer.draft("GET", "/connection", key=first)))
    use(peer, second)


@case("keys.delete-signing", "The key that signs the request cannot be deleted: 409 key-in-use", "§4")
def delete_signing(peer: Peer) -> None:
    listed(peer)
    peer.send(peer.draft("DELETE", f"/keys/{peer.identity.key.keyid}")).problem(ProblemCode.KEY_IN_USE, 409)


@case("keys.delete-unknown", "Deleting an unknown key is 404", "§4")
def delete_unknown(peer: Peer) -> None:
    listed(peer)
    peer.send(peer.draft("DELETE", f"/keys/{KeyPair.generate().keyid}")).problem(ProblemCode.NOT_FOUND, 404)


@case("keys.delete", "A key that was deleted proves nothing from then on", "§4")
def deleted(peer: Peer) -> None:
    listed(peer)
    before = use(peer, stage(peer))
    peer.send(peer.draft("DELETE", f"/keys/{before.keyid}")).signed(204)
    peer.refused(peer.send(peer.draft("GET", "/connection", key=before)))


def refused_staging(name: str, title: str) -> Callable[[Spoil], Spoil]:
    """Enter a case: POST /keys, spoilt before it is signed, is the 401, and nothing is staged."""

    def enter(spoil: Spoil) -> Spoil:
        def check(peer: Peer) -> None:
            before = listed(peer)
            new = KeyPair.generate()
            draft = staging(peer, new, new.public)
            spoil(draft)
            peer.refused(peer.send(draft))
            seen = peer.seen
            if listed(peer) != before:
                raise Broken(f"{seen}, but the keys have changed")
            peer.seen = seen

        case(name, title, "§4")(check)
        return spoil

    return enter


@refused_staging("keys.without-new", "A new key without ewx-new is the 401")
def without_new(draft: Draft) -> None:
    draft.signers.pop()


@refused_staging("keys.without-old", "A new key that vouches for itself alone is the 401")
def without_old(draft: Draft) -> None:
    draft.signers.pop(0)


@refused_staging("keys.new-by-old", "ewx-new made with the old key is the 401")
def new_by_old(draft: Draft) -> None:
    draft.signers[1].key = draft.signers[0].key


@refused_staging("keys.new-of-another", "ewx-new made with another key than the body names is the 401")
def new_of_another(draft: Draft) -> None:
    draft.signers[1] = Signer.of(KeyPair.generate(), int(draft.signer.get("created")), "ewx-new")


@refused_staging("keys.same-nonce", "ewx-new with the nonce of ewx is the 401")
def same_nonce(draft: Draft) -> None:
    draft.signers[1].set("nonce", draft.signer.get("nonce"))


@refused_staging("keys.new-coverage", "ewx-new that covers less is the 401")
def new_coverage(draft: Draft) -> None:
    draft.signers[1].leaves_out = '"content-digest"'


@refused_staging("keys.new-stale", "ewx-new made 310 s ago is the 401")
def new_stale(draft: Draft) -> None:
    draft.signers[1].shift(-310)


@case("keys.not-a-key", "What is no Ed25519 key is never staged", "§4")
def not_a_key(peer: Peer) -> None:
    before = listed(peer)
    for public in (bytes(31), b"\xff" * 32, b"\x02" + bytes(31), bytes(33)):
        peer.never_served(peer.send(staging(peer, KeyPair.generate(), public)))
    if listed(peer) != before:
        raise Broken("the keys have changed")
