"""What a signature has to cover: exactly the profile, in its order (protocol §3)."""

from collections.abc import Callable

from partners.conformance.drafts import Draft, Wire
from partners.conformance.forging import forged, spoilt

_PROFILE = ("@method", "@target-uri", "ewx-connection", "content-type", "content-digest", "idempotency-key")
_HEADERS = ("EWX-Connection", "Content-Digest", "Idempotency-Key", "Signature-Input", "Signature")


def _enter_each() -> None:
    """One case per component that is left out, and per header that is sent twice."""
    for name in _PROFILE:
        forged(f"coverage.without-{name.strip('@')}", f"A signature that does not cover {name} is refused")(
            _without(name)
        )
    for name in _HEADERS:
        spoilt(f"header.twice-{name.lower()}", f"The header {name} twice is refused")(_twice(name))


def _without(name: str) -> Callable[[Draft], None]:
    return lambda draft: draft.covered.remove(f'"{name}"')


def _twice(name: str) -> Callable[[Wire], None]:
    return lambda wire: wire.add(name, wire.get(name))


_enter_each()


@forged("coverage.nothing", "A signature that covers nothing is refused")
def nothing(draft: Draft) -> None:
    draft.covered.clear()


@forged("coverage.more", "A signature that covers @authority too is refused")
def more(draft: Draft) -> None:
    draft.covered.append('"@authority"')


@forged("coverage.order", "The right components in another order are refused")
def order(draft: Draft) -> None:
    draft.covered[0], draft.covered[1] = draft.covered[1], draft.covered[0]


@forged("coverage.parameter", "A parameter on a component is refused")
def parameter(draft: Draft) -> None:
    draft.covered[draft.covered.index('"content-digest"')] = '"content-digest";sf'


@forged("coverage.twice", "A component that is named twice is refused")
def twice(draft: Draft) -> None:
    draft.covered.append('"@method"')
