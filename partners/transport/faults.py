"""Why nothing came back."""

from enum import StrEnum


class Fault(StrEnum):
    """A category, never a banner or a timing of the target."""

    NAME = "name"
    REFUSED = "refused"
    CERTIFICATE = "certificate"
    TIMEOUT = "timeout"
    BROKEN = "broken"
    TOO_LARGE = "answer-too-large"
    NOT_ALLOWED = "not-allowed"


class Unreachable(Exception):
    """No answer came back; `reason` says at which step."""

    def __init__(self, reason: Fault) -> None:
        super().__init__(reason.value)
        self.reason = reason
