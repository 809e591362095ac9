"""The six parameters of a signature, each exactly once (protocol §3)."""

from collections.abc import Callable

from partners.conformance.checks import case
from partners.conformance.drafts import Draft
from partners.conformance.forging import forged
from partners.conformance.peer import Peer

NAMES = ("created", "expires", "keyid", "alg", "nonce", "tag")


def _enter_each() -> None:
    for name in NAMES:
        forged(f"parameter.without-{name}", f"A signature without the parameter {name} is refused")(_without(name))
        forged(f"parameter.twice-{name}", f"A signature with the parameter {name} twice is refused")(_twice(name))


def _without(name: str) -> Callable[[Draft], None]:
    return lambda draft: draft.signer.drop(name)


def _twice(name: str) -> Callable[[Draft], None]:
    return lambda draft: draft.signer.parameters.append((name, draft.signer.get(name)))


_enter_each()


@case("parameter.any-order", "The parameters count in any order", "§3")
def any_order(peer: Peer) -> None:
    draft = peer.notice()
    draft.signer.parameters.reverse()
    peer.send(draft).signed(204)


@forged("parameter.more", "A seventh parameter is refused")
def more(draft: Draft) -> None:
    draft.signer.parameters.append(("x", '"1"'))


@forged("parameter.tag", "Another tag is refused")
def tag(draft: Draft) -> None:
    draft.signer.set("tag", '"ewx-partner-2"')


@forged("parameter.alg", "Another alg is refused, even over a good signature")
def alg(draft: Draft) -> None:
    draft.signer.set("alg", '"hmac-sha256"')


@forged("parameter.keyid-unknown", "A keyid that is not that of the key is refused")
def keyid_unknown(draft: Draft) -> None:
    draft.signer.set("keyid", f'"{"0" * 16}"')


@forged("parameter.keyid-upper-case", "A keyid in upper case is refused")
def keyid_upper_case(draft: Draft) -> None:
    digits = draft.signer.get("keyid")
    draft.signer.set("keyid", digits.upper() if digits != digits.upper() else f"{digits[:-1]}a{digits[-1:]}")


@forged("parameter.expires-later", "expires other than created + 300 is refused: later")
def expires_later(draft: Draft) -> None:
    draft.signer.set("expires", str(int(draft.signer.get("created")) + 3600))


@forged("parameter.expires-sooner", "expires other than created + 300 is refused: sooner")
def expires_sooner(draft: Draft) -> None:
    draft.signer.set("expires", str(int(draft.signer.get("created")) + 299))


@forged("parameter.created-text", "created as a string is refused")
def created_text(draft: Draft) -> None:
    draft.signer.set("created", f'"{draft.signer.get("created")}"')


@forged("nonce.short", "A nonce of 21 characters is refused")
def nonce_short(draft: Draft) -> None:
    draft.signer.set("nonce", f'"{draft.signer.get("nonce")[1:22]}"')


@forged("nonce.long", "A nonce of 87 characters is refused")
def nonce_long(draft: Draft) -> None:
    draft.signer.set("nonce", f'"{draft.signer.get("nonce")[1:-1].ljust(87, "A")}"')


@forged("nonce.padded", "A nonce with padding is refused")
def nonce_padded(draft: Draft) -> None:
    draft.signer.set("nonce", f'"{draft.signer.get("nonce")[1:-1]}=="')
