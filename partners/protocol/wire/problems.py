"""What goes wrong, as both ends say it: problem details (RFC 9457, protocol §5)."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from partners.protocol.wire import fields
from partners.protocol.wire.fields import MAX_ERRORS, FieldError, Node
from partners.protocol.wire.strict_json import Json
from partners.protocol.wire.writing import to_wire

CONTENT_TYPE = "application/problem+json"
_MAX_POINTER = 1000
_MAX_SECONDS = 2**31 - 1


class ProblemCode(StrEnum):
    """The last segment of a problem's type."""

    MALFORMED = "malformed"
    SIGNATURE = "signature"
    PAUSED = "paused"
    LEVEL = "level"
    NOT_FOUND = "not-found"
    METHOD = "method"
    VERSION_CONFLICT = "version-conflict"
    STATE = "state"
    ORDER_EXISTS = "order-exists"
    IN_PROGRESS = "in-progress"
    PAIRING_INCOMPLETE = "pairing-incomplete"
    KEY_IN_USE = "key-in-use"
    CLOSED = "closed"
    TOO_LARGE = "too-large"
    MEDIA_TYPE = "media-type"
    INVALID = "invalid"
    CURSOR = "cursor"
    IDEMPOTENCY_REUSE = "idempotency-reuse"
    PROTOCOL = "protocol"
    IDEMPOTENCY_REQUIRED = "idempotency-required"
    RATE = "rate"
    MAINTENANCE = "maintenance"
    QUARANTINE = "quarantine"


STATUS = MappingProxyType(
    {
        ProblemCode.MALFORMED: 400,
        ProblemCode.SIGNATURE: 401,
        ProblemCode.PAUSED: 403,
        ProblemCode.LEVEL: 403,
        ProblemCode.NOT_FOUND: 404,
        ProblemCode.METHOD: 405,
        ProblemCode.VERSION_CONFLICT: 409,
        ProblemCode.STATE: 409,
        ProblemCode.ORDER_EXISTS: 409,
        ProblemCode.IN_PROGRESS: 409,
        ProblemCode.PAIRING_INCOMPLETE: 409,
        ProblemCode.KEY_IN_USE: 409,
        ProblemCode.CLOSED: 410,
        ProblemCode.TOO_LARGE: 413,
        ProblemCode.MEDIA_TYPE: 415,
        ProblemCode.INVALID: 422,
        ProblemCode.CURSOR: 422,
        ProblemCode.IDEMPOTENCY_REUSE: 422,
        ProblemCode.PROTOCOL: 426,
        ProblemCode.IDEMPOTENCY_REQUIRED: 428,
        ProblemCode.RATE: 429,
        ProblemCode.MAINTENANCE: 503,
        ProblemCode.QUARANTINE: 503,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`current` is the document as it stands now, raw; `retry_after` are seconds."""

    type: str = "about:blank"
    title: str = ""
    status: int
    detail: str = ""
    instance: str = ""
    errors: tuple[FieldError, ...] = ()
    current: Json = None
    retry_after: int | None = None
    min: str = ""
    max: str = ""

    @property
    def code(self) -> str:
        """What to compare with ProblemCode: the last segment of the type."""
        return self.type.rpartition("/")[2]


# What is said of an order whose answer would not fit into a request.
TOO_MANY_LINES = FieldError("/lines", "range")


def problem_to_wire(problem: Problem) -> dict[str, Json]:
    """The problem as a JSON object, without what it does not say."""
    said: dict[str, Json] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": problem.instance,
        "errors": to_wire(problem.errors),
        "retry_after": problem.retry_after,
        "min": problem.min,
        "max": problem.max,
    }
    members: dict[str, Json] = {name: value for name, value in said.items() if value not in (None, "", [])}
    return members if problem.current is None else members | {"current": problem.current}


def _problem(node: Node) -> Problem:
    return Problem(
        type=node.text("type", fields.MAX_NAME) or "about:blank",
        title=node.text("title", fields.MAX_NAME),
        status=node.required("status", fields.whole(100, 599)),
        detail=node.note("detail"),
        instance=node.text("instance", fields.MAX_NAME),
        errors=node.items("errors", _field_error, high=MAX_ERRORS),
        current=node.optional("current", _document),
        retry_after=node.optional("retry_after", fields.whole(0, _MAX_SECONDS)),
        min=node.text("min", fields.MAX_REFERENCE),
        max=node.text("max", fields.MAX_REFERENCE),
    )


def _anything(node: Node) -> Json:
    return node.value


def _field_error(node: Node) -> FieldError:
    return FieldError(
        pointer=node.text("pointer", _MAX_POINTER),
        code=node.required("code", fields.word),
    )


_document = fields.shaped(_anything)
parse_problem = fields.Parser(_problem)
