"""What anyone may ask, and versions (protocol §4, §8)."""

import re

from partners.conformance.answers import Broken
from partners.conformance.checks import case
from partners.conformance.drafts import Wire
from partners.conformance.peer import Peer
from partners.conformance.reception import WELL_KNOWN
from partners.protocol.wire import ProblemCode

_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}")


@case("well-known", "Anyone may ask which versions are spoken, and learns nothing more", "§4")
def well_known(peer: Peer) -> None:
    answer = peer.transmit(Wire(method="GET", target=WELL_KNOWN, headers=[]))
    versions = answer.object.get("protocols")
    spoken = versions if isinstance(versions, list) else []
    is_right = "1.0" in spoken and all(_VERSION.fullmatch(str(version)) for version in spoken)
    if answer.status != 200 or answer.object.keys() != {"protocols"} or not is_right:
        raise Broken(f"{answer}: {answer.raw.body[:100]!r}")


@case("version.unknown-major", "A path of an unknown major version is 426 with min and max", "§8")
def unknown_major(peer: Peer) -> None:
    for major in (2, 9, 99):
        answer = peer.transmit(Wire(method="GET", target=f"/api/partner/v{major}/connection", headers=[]))
        document = answer.object
        if (answer.status, answer.code) != (426, ProblemCode.PROTOCOL):
            raise Broken(f"{answer} instead of 426 protocol")
        if not all(_VERSION.fullmatch(str(document.get(name))) for name in ("min", "max")):
            raise Broken(f"{answer} without min and max")
