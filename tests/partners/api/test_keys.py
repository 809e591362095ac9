"""A partner changes his keys here, with no mail (protocol §4 `/keys`, mission P10)."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.utils import timezone

from partners.models import ConnectionKey, KeySide, KeyState, PartnerConnection, SeenNonce
from partners.protocol.keys import KeyPair
from partners.protocol.signing import fresh_nonce, sign_request
from partners.tasks import sweep
from partners.transport import RawAnswer
from tests.factories import make_connection, make_tenant
from tests.fakes import deliver

Pair = tuple[PartnerConnection, PartnerConnection]
KEYS = "/api/partner/v1/keys"
NOTICE = "/api/partner/v1/connection/notice"


class Caller:
    """A partner's server; `here` is our side of the connection with it, `key` what it signs with."""

    def __init__(self, pair: Pair) -> None:
        there, self.here = pair
        self.key = there.own_key()

    def send(
        self,
        method: str = "GET",
        target: str = KEYS,
        *,
        body: bytes = b"",
        key: KeyPair | None = None,
        new: KeyPair | None = None,
        idempotency_key: UUID | None = None,
        **headers: str,
    ) -> RawAnswer:
        signed = sign_request(
            method=method,
            origin=self.here.peer_origin,
            target=target,
            connection_id=self.here.pk,
            key=key or self.key,
            now=timezone.now(),
            nonce=fresh_nonce(),
            body=body,
            idempotency_key=idempotency_key or (uuid4() if method == "POST" else None),
            new_key=(new, fresh_nonce()) if new else None,
        )
        return deliver(method, target, signed | headers, body)

    def announce(self, announced: KeyPair, **changes: Any) -> RawAnswer:
        """POST /keys; `public_key` and `new` (who signs as the new key) are what they should be unless changed."""
        public_key = changes.pop("public_key", announced.public)
        body = json.dumps({"public_key": base64.b64encode(public_key).decode()}).encode()
        return self.send("POST", body=body, **({"new": announced} | changes))

    def withdraw(self, named: KeyPair | str, **changes: Any) -> tuple[int, str]:
        keyid = named if isinstance(named, str) else named.keyid
        return said(self.send("DELETE", f"{KEYS}/{keyid}", **changes))

    def known(self, **changes: Any) -> dict[str, str]:
        items = json.loads(self.send(**changes).body)["items"]
        return {item["keyid"]: item["state"] for item in items}


def said(answer: RawAnswer) -> tuple[int, str]:
    """Status and problem code."""
    problem = json.loads(answer.body).get("type", "") if answer.body else ""
    return answer.status, problem.rpartition("/")[2]


@pytest.fixture
def caller(pair: Pair) -> Caller:
    return Caller(pair)


def test_the_whole_change(caller: Caller) -> None:
    old, new = caller.key, KeyPair.generate()
    answer = caller.announce(new)
    assert (answer.status, json.loads(answer.body)) == (201, {"keyid": new.keyid, "state": "staged"})
    assert caller.known() == {old.keyid: "active", new.keyid: "staged"}
    with time_machine.travel(timezone.now() + timedelta(days=30), tick=False):
        assert caller.known(key=old) == {old.keyid: "active", new.keyid: "staged"}  # nothing retires by time alone
        assert caller.known(key=new) == {old.keyid: "retiring", new.keyid: "active"}
        first_use = timezone.now()
    with time_machine.travel(first_use + timedelta(days=7) - timedelta(seconds=1), tick=False):
        assert caller.send(key=old).status == 200
    with time_machine.travel(first_use + timedelta(days=7), tick=False):
        assert caller.send(key=old).status == 401
        assert caller.known(key=new) == {new.keyid: "active"}
        sweep()
    assert [key.keyid for key in caller.here.keys.filter(side=KeySide.PEER)] == [new.keyid]


def test_the_list_says_since_when(caller: Caller) -> None:
    [item] = json.loads(caller.send().body)["items"]
    assert item.keys() == {"keyid", "state", "since"}
    assert item["since"].endswith("Z")


def test_a_second_staged_key_replaces_the_first(caller: Caller) -> None:
    first, second = KeyPair.generate(), KeyPair.generate()
    caller.announce(first)
    caller.announce(second)
    assert caller.known() == {caller.key.keyid: "active", second.keyid: "staged"}
    assert caller.send(key=first).status == 401


def test_a_repeated_announcement_is_answered_alike(caller: Caller) -> None:
    new, key = KeyPair.generate(), uuid4()
    first, again = (caller.announce(new, idempotency_key=key) for _ in range(2))
    assert first.body == again.body
    assert ("Idempotent-Replayed", "true") in again.headers
    assert caller.announce(new).status == 201  # with another idempotency key
    assert caller.send(key=new).status == 200
    assert json.loads(caller.announce(new, key=new).body)["state"] == "active"
    assert json.loads(caller.announce(new, key=new, idempotency_key=key).body)["state"] == "staged"  # as it was said


def test_keys_change_while_we_have_paused(caller: Caller) -> None:
    PartnerConnection.objects.filter(pk=caller.here.pk).update(paused_at=timezone.now())
    new = KeyPair.generate()
    assert caller.announce(new).status == 201
    assert caller.send(key=new).status == 200
    assert caller.withdraw(caller.key, key=new) == (204, "")


def test_nothing_after_the_end(caller: Caller) -> None:
    PartnerConnection.objects.filter(pk=caller.here.pk).update(closed_at=timezone.now())
    assert said(caller.announce(KeyPair.generate())) == (410, "closed")
    assert caller.send().status == 410
    assert not caller.here.keys.filter(state=KeyState.STAGED).exists()


# The one 401


def unsigned_by_the_new_key(caller: Caller) -> RawAnswer:
    return caller.announce(KeyPair.generate(), new=None)


def signed_by_another_key(caller: Caller) -> RawAnswer:
    return caller.announce(KeyPair.generate(), new=KeyPair.generate())


def signed_by_the_present_key_alone(caller: Caller) -> RawAnswer:
    return caller.announce(KeyPair.generate(), new=caller.key)


def stranger_signs(caller: Caller) -> RawAnswer:
    return caller.announce(KeyPair.generate(), key=KeyPair.generate())


def small_order(caller: Caller) -> RawAnswer:
    return caller.announce(KeyPair.generate(), public_key=bytes([1]) + bytes(31))


def zeros(caller: Caller) -> RawAnswer:
    return caller.announce(KeyPair.generate(), public_key=bytes(32))


def short(caller: Caller) -> RawAnswer:
    return caller.announce(KeyPair.generate(), public_key=bytes(31))


def no_json(caller: Caller) -> RawAnswer:
    return caller.send("POST", body=b"{", new=KeyPair.generate())


def no_key(caller: Caller) -> RawAnswer:
    return caller.send("POST", body=b"{}", new=KeyPair.generate())


def our_own_key(caller: Caller) -> RawAnswer:
    return caller.announce(caller.here.own_key())


def entered_elsewhere(caller: Caller) -> RawAnswer:
    stranger, _ours = make_connection(make_tenant("drum"), peer=caller.here.tenant)
    return caller.announce(stranger.own_key())


@pytest.mark.parametrize(
    "attempt",
    [
        unsigned_by_the_new_key,
        signed_by_another_key,
        signed_by_the_present_key_alone,
        stranger_signs,
        small_order,
        zeros,
        short,
        no_json,
        no_key,
        our_own_key,
        entered_elsewhere,
    ],
)
def test_a_key_that_is_not_proven_gets_the_one_401(caller: Caller, attempt: Callable[[Caller], RawAnswer]) -> None:
    usual = caller.send(key=KeyPair.generate())
    answer = attempt(caller)
    assert (answer.status, answer.body) == (usual.status, usual.body)
    assert {name.lower() for name, _value in answer.headers} == {name.lower() for name, _value in usual.headers}
    assert list(caller.known()) == [caller.key.keyid]


def test_one_nonce_for_both_signatures(caller: Caller) -> None:
    new, nonce = KeyPair.generate(), fresh_nonce()
    body = json.dumps({"public_key": base64.b64encode(new.public).decode()}).encode()
    headers = sign_request(
        method="POST",
        origin=caller.here.peer_origin,
        target=KEYS,
        connection_id=caller.here.pk,
        key=caller.key,
        now=timezone.now(),
        nonce=nonce,
        body=body,
        idempotency_key=uuid4(),
        new_key=(new, nonce),
    )
    assert deliver("POST", KEYS, headers, body).status == 401
    assert list(caller.known()) == [caller.key.keyid]


def test_both_nonces_are_used_up(caller: Caller) -> None:
    caller.announce(KeyPair.generate())
    assert SeenNonce.objects.count() == 2
    signed_by_another_key(caller)
    assert SeenNonce.objects.count() == 3  # the present key's signature was good


def test_the_nonce_of_the_new_key_passes_once(caller: Caller) -> None:
    """Whoever caught the announcement cannot wrap the new key's signature anew."""
    new, nonce = KeyPair.generate(), fresh_nonce()
    body = json.dumps({"public_key": base64.b64encode(new.public).decode()}).encode()
    common: dict[str, Any] = {
        "method": "POST",
        "origin": caller.here.peer_origin,
        "target": KEYS,
        "connection_id": caller.here.pk,
        "key": caller.key,
        "body": body,
        "idempotency_key": uuid4(),
        "new_key": (new, nonce),
    }
    statuses = [
        deliver("POST", KEYS, sign_request(now=timezone.now(), nonce=fresh_nonce(), **common), body).status
        for _ in range(2)
    ]
    assert statuses == [201, 401]


def test_announcing_needs_an_idempotency_key(caller: Caller) -> None:
    new = KeyPair.generate()
    body = json.dumps({"public_key": base64.b64encode(new.public).decode()}).encode()
    headers = sign_request(
        method="POST",
        origin=caller.here.peer_origin,
        target=KEYS,
        connection_id=caller.here.pk,
        key=caller.key,
        now=timezone.now(),
        nonce=fresh_nonce(),
        body=body,
        new_key=(new, fresh_nonce()),
    )
    assert said(deliver("POST", KEYS, headers, body)) == (428, "idempotency-required")


# DELETE


def test_withdraw(caller: Caller) -> None:
    new = KeyPair.generate()
    assert caller.withdraw(new) == (404, "not-found")
    assert caller.withdraw("no-keyid") == (404, "not-found")
    assert caller.withdraw(caller.key) == (409, "key-in-use")
    caller.announce(new)
    assert caller.withdraw(new) == (204, "")
    assert caller.send(key=new).status == 401
    caller.announce(new)
    caller.send(key=new)
    assert caller.withdraw(caller.key, key=new) == (204, "")  # the old one, at once instead of after 7 days
    assert caller.send(key=caller.key).status == 401
    assert caller.known(key=new) == {new.keyid: "active"}


def test_a_retired_key_is_unknown(caller: Caller) -> None:
    new = KeyPair.generate()
    caller.announce(new)
    caller.send(key=new)
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert caller.withdraw(caller.key, key=new) == (404, "not-found")


def test_a_key_that_is_running_out_changes_no_keys(caller: Caller) -> None:
    """Keys are changed where one was stolen: the thief must not keep the connection with it."""
    new, of_the_thief = KeyPair.generate(), KeyPair.generate()
    caller.announce(new)
    caller.send(key=new)
    assert said(caller.announce(of_the_thief)) == (409, "state")
    assert caller.withdraw(new) == (409, "key-in-use")
    staged = KeyPair.generate()
    caller.announce(staged, key=new)
    assert caller.withdraw(staged) == (409, "state")
    assert caller.known(key=new) == {caller.key.keyid: "retiring", new.keyid: "active", staged.keyid: "staged"}


def test_the_journal_tells_it(caller: Caller) -> None:
    new = KeyPair.generate()
    caller.announce(new)
    caller.send(key=new)
    caller.withdraw(caller.key, key=new)
    entries = caller.here.tenant.audit_entries.order_by("pk").values_list("action", "detail")
    assert list(entries) == [
        ("partner.peer_key_staged", {"keyid": new.keyid}),
        ("partner.peer_key_changed", {"keyid": new.keyid}),
        ("partner.peer_key_withdrawn", {"keyid": caller.key.keyid}),
    ]


def test_nobody_sees_another_partners_keys(caller: Caller, pair: Pair) -> None:
    stranger = Caller(make_connection(make_tenant("drum"), peer=caller.here.tenant))
    assert list(stranger.known()) == [stranger.key.keyid]
    assert stranger.withdraw(caller.key) == (404, "not-found")
    assert ConnectionKey.objects.filter(keyid=caller.key.keyid).count() == 2
