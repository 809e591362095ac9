"""Problems as partners read them (RFC 9457, protocol §5). English, safe for the partner."""

import logging
import uuid
from dataclasses import dataclass, replace

import orjson
from django.http import Http404
from django.utils import translation
from rest_framework.exceptions import APIException, MethodNotAllowed

from eventworx.errors import BusinessError
from partners.protocol.errors import ProtocolError
from partners.protocol.wire import (
    CONTENT_TYPE,
    STATUS,
    FieldErrors,
    Json,
    Malformed,
    Problem,
    ProblemCode,
    dumps,
    problem_to_wire,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answers. `body` are the bytes as they go out, `refused_for` the code of a problem."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    is_replayed: bool = False
    retry_after: int | None = None
    refused_for: str = ""

    @classmethod
    def of(cls, document: Json, status: int = 200) -> "Reply":
        """What may repeat anything that a partner sent, such as integers of his own beyond 64 bits."""
        return cls(status, dumps(document))

    @classmethod
    def of_ours(cls, document: Json) -> "Reply":
        """What is made of our own rows alone, written many times as fast."""
        return cls(200, orjson.dumps(document))

    @classmethod
    def problem(cls, problem: Problem) -> "Reply":
        document = dumps(problem_to_wire(problem))
        return cls(problem.status, document, CONTENT_TYPE, retry_after=problem.retry_after, refused_for=problem.code)


class ApiProblem(Exception):
    """Ends a request with a problem."""

    def __init__(self, code: ProblemCode, detail: str = "", *, current: Json = None) -> None:
        super().__init__(code.value)
        self.problem = problem_of(code, detail, current=current)


def problem_of(
    code: ProblemCode,
    detail: str = "",
    *,
    current: Json = None,
    retry_after: int | None = None,
    supported: str = "",
) -> Problem:
    """A problem of the protocol, its status taken from the table. `supported`: the one version we speak."""
    return Problem(
        type=f"urn:ewx:problem/{code.value}",
        title=code.value.replace("-", " ").capitalize(),
        status=STATUS[code],
        detail=detail,
        current=current,
        retry_after=retry_after,
        min=supported,
        max=supported,
    )


def problem_for(error: Exception) -> Problem | None:
    """The problem that an expected failure becomes; None for a defect, which has to crash."""
    problem = _problem_for(error)
    return problem and numbered(problem)


def numbered(problem: Problem) -> Problem:
    """With the id of this request, which every problem after authentication carries (protocol §5)."""
    return replace(problem, instance=f"urn:uuid:{uuid.uuid4()}")


def _problem_for(error: Exception) -> Problem | None:
    if isinstance(error, ApiProblem):
        return error.problem
    if isinstance(error, BusinessError):
        return _of_business_error(error)
    if isinstance(error, ProtocolError):
        return _of_protocol_error(error)
    if isinstance(error, MethodNotAllowed):
        return problem_of(ProblemCode.METHOD)
    if isinstance(error, Http404):
        return problem_of(ProblemCode.NOT_FOUND)
    if isinstance(error, APIException):
        return problem_of(ProblemCode.SIGNATURE)
    return None


def _of_protocol_error(error: ProtocolError) -> Problem | None:
    if isinstance(error, Malformed):
        return problem_of(ProblemCode.MALFORMED)
    if isinstance(error, FieldErrors):
        return replace(problem_of(ProblemCode.INVALID), errors=error.errors)
    return None


def _of_business_error(error: BusinessError) -> Problem:
    """`code` names the problem where it is one of the protocol's; `current` and `errors` come from its parameters."""
    code = ProblemCode(error.code) if error.code in set(ProblemCode) else ProblemCode.INVALID
    with translation.override("en"):
        detail = str(error)
    problem = problem_of(code, detail, current=error.params.get("current"))
    return replace(problem, errors=tuple(error.params.get("errors", ())))
