"""What two sides have in common: versions of the protocol and its optional parts (protocol §8).

Minor versions add only, so two sides speak the lower of their highest ones. A part that came later, or that an
installation may leave out, has a name, its capability; it is used where both sides announce it, never on trial.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Self

from partners.protocol.errors import ProtocolError

_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


class NoCommonVersion(ProtocolError):
    """The two ranges have no version in common, or what was said is no range of versions."""


class Version(NamedTuple):
    """Compares as numbers do: 1.9 < 1.10 < 2.0."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The version that is written "1.0"; raises NoCommonVersion."""
        written = _VERSION.fullmatch(text)
        if written is None:
            raise NoCommonVersion("no version")
        return cls(int(written[1]), int(written[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class Capability(StrEnum):
    """Parts of version 1.0 that an installation may leave out; names of later ones are unknown and not acted on."""

    AVAILABILITY = "availability"  # POST /availability
    CHANGE = "change"  # the states and commands of a change after confirmation (§7)
    KEYS = "keys"  # GET, POST and DELETE /keys
    PICTURES = "pictures"  # GET /articles/{id}/picture


# The paths below /api/partner/v1 that only exist where their capability is announced. `change` has none of its own.
PATHS = MappingProxyType(
    {
        Capability.AVAILABILITY: re.compile(r"/availability"),
        Capability.KEYS: re.compile(r"/keys(?:/[^/]+)?"),
        Capability.PICTURES: re.compile(r"/articles/[^/]+/picture"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one side speaks: versions from `min` to `max`, and capabilities by name, unknown ones included."""

    min: Version
    max: Version
    capabilities: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, low: str, high: str, capabilities: Iterable[str] = ()) -> Self:
        """An offer as it stands in a connection document; raises NoCommonVersion."""
        return cls(min=Version.parse(low), max=Version.parse(high), capabilities=frozenset(capabilities))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What two sides speak with each other."""

    version: Version
    capabilities: frozenset[str]


FIRST = Version(1, 0)
# What this product offers now; the one place that says so. No name without its routes, no routes without their name.
OURS = Offer(
    min=FIRST, max=FIRST, capabilities=frozenset({Capability.AVAILABILITY, Capability.KEYS, Capability.PICTURES})
)


def agree(one: Offer, other: Offer) -> Agreement:
    """The intersection of two offers, the same whichever comes first; raises NoCommonVersion."""
    low, high = max(one.min, other.min), min(one.max, other.max)
    if low > high:
        raise NoCommonVersion(f"{one.min}-{one.max} and {other.min}-{other.max}")
    return Agreement(version=high, capabilities=one.capabilities & other.capabilities)


def needed_for(path: str) -> Capability | None:
    """The capability that a partner must have announced before this path is asked; None where none is needed."""
    return next((capability for capability, paths in PATHS.items() if paths.fullmatch(path)), None)
