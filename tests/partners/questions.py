"""Requests to our own gateway, signed as a partner's server signs them, and what is read from the answers."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from partners.models import PartnerConnection, public_halves
from partners.protocol.signing import fresh_nonce, sign_request, verify_response
from partners.transport import RawAnswer
from tests.fakes import deliver

Pair = tuple[PartnerConnection, PartnerConnection]
NOTICE = {"notice": "unheard-of"}
V1 = "/api/partner/v1"


@dataclass
class Question:
    """A request of `caller` to his partner, signed correctly unless a test says otherwise."""

    caller: PartnerConnection
    method: str = "GET"
    target: str = f"{V1}/connection"
    body: bytes = b""
    key: UUID | None = None
    nonce: str = field(default_factory=fresh_nonce)
    age: timedelta = timedelta()

    def signed(self) -> dict[str, str]:
        assert self.caller.peer_connection_id
        return sign_request(
            method=self.method,
            origin=self.caller.peer_origin,
            target=self.target,
            connection_id=self.caller.peer_connection_id,
            key=self.caller.own_key(),
            now=timezone.now() - self.age,
            nonce=self.nonce,
            body=self.body,
            idempotency_key=self.key,
        )

    def ask(self, *, address: str = "127.0.0.1", **changed: str) -> RawAnswer:
        headers = self.signed() | {name.replace("_", "-"): value for name, value in changed.items()}
        return deliver(self.method, self.target, headers, self.body, address)


def notice(caller: PartnerConnection, **changes: Any) -> Question:
    body = json.dumps(changes.pop("said", NOTICE)).encode()
    return Question(caller, "POST", f"{V1}/connection/notice", body, changes.pop("key", uuid4()), **changes)


def is_signed(question: Question, answer: RawAnswer, signature: str) -> bool:
    proof = verify_response(
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        request_signature=signature,
        keys=public_halves(question.caller.peer_keys(timezone.now())),
        now=timezone.now(),
    )
    return bool(proof.nonce)


def problem(answer: RawAnswer) -> str:
    return json.loads(answer.body)["type"].rpartition("/")[2]
