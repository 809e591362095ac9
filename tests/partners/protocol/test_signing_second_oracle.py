"""Our signatures against those of another vendor's implementation, written from the page alone: no difference.

Each message is signed by one of the two, often tampered with or signed for something else than the profile wants,
and then judged by both. The verdict has to be one, and for what both accept the key and the nonce.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest

from partners.protocol.keys import KeyPair
from partners.protocol.signing import (
    Proof,
    SignatureRefused,
    fresh_nonce,
    parse_request,
    sign_request,
    sign_response,
    verify_new_key,
    verify_request,
    verify_response,
)
from tests.amounts import amount
from tests.foreign import signatures as foreign

SEEDS = 20
MESSAGES_PER_SEED = amount("EWX_SIGNED_MESSAGES", 20_000) // SEEDS
NOW = 1_800_000_000
PAIRS = [KeyPair.from_raw(bytes([number]) * 32) for number in range(1, 5)]
KNOWN = {pair.keyid: pair.public for pair in PAIRS[:3]}
ORIGINS = ["https://a.example", "https://b.example:8443", "http://127.0.0.1:8001", "https://[2001:db8::1]"]
ROUTES = (
    "/orders /pairing /articles?q=a%20b&limit=3 /availability /orders/17/commands /keys /keys /keys?x "
    "/connection /order-events /connection/notice /orders/a%2fb/commands /orders//commands"
).split()
OTHER_SPELLING = re.compile(r"([AQgwEIMUYckosc048])(==?:)")
SIGNERS = [*PAIRS[:3] * 3, PAIRS[3]]  # the last one is known to nobody
ALPHABET = 'abcdef0123456789ABCXYZ+/-_=";:() ,\t\n\xa0'
Verdict = tuple[str, str] | None
Lines = list[tuple[str, str]]


@dataclass(frozen=True)
class Message:
    """A request, or with `status` the answer to one whose Signature header is `asked`."""

    method: str
    target: str
    lines: Lines
    body: bytes
    status: int = 0
    asked: str = ""


def ours(message: Message, origin: str, now: float) -> Verdict:
    try:
        return _named(_our_proof(message, origin, datetime.fromtimestamp(now, UTC)))
    except SignatureRefused:
        return None


def _our_proof(message: Message, origin: str, now: datetime) -> Proof:
    if message.status:
        return verify_response(
            status=message.status,
            headers=message.lines,
            body=message.body,
            request_signature=message.asked,
            keys=KNOWN,
            now=now,
        )
    claimed = parse_request(
        method=message.method, origin=origin, target=message.target, headers=message.lines, body=message.body
    )
    proof = verify_request(claimed, keys=KNOWN, now=now)
    if claimed.new_key_signature:
        verify_new_key(claimed, public_key=PAIRS[3].public, now=now)
    return proof


def _named(proof: Proof) -> Verdict:
    return proof.keyid, proof.nonce


def theirs(message: Message, origin: str, now: float) -> Verdict:
    try:
        signed = _their_proof(message, origin, now)
    except foreign.Refused:
        return None
    return signed.values["keyid"], signed.values["nonce"]


def _their_proof(message: Message, origin: str, now: float) -> foreign.Signed:
    lines, body = message.lines, message.body
    if message.status:
        asked = base64.b64decode(message.asked.removeprefix("ewx=:").partition(":")[0])
        components = foreign.answer_components(message.status, lines, body, asked)
    else:
        foreign.check_request(message.method, message.target, lines, body)
        components = foreign.request_components(message.method, origin, message.target, lines, body)
    rotates = (message.method, message.target.partition("?")[0]) == ("POST", "/api/partner/v1/keys")
    if not rotates or message.status:
        return foreign.verify(lines, body, components, _known(foreign.read(lines)["ewx"]), now)
    both = foreign.read(lines, ("ewx", "ewx-new"))
    if both["ewx"].values["nonce"] == both["ewx-new"].values["nonce"]:
        raise foreign.Refused("one nonce for two")
    for signed, public in ((both["ewx"], _known(both["ewx"])), (both["ewx-new"], PAIRS[3].public)):
        foreign.check_coverage(signed, components)
        foreign.check_signature(signed, components, public)
        foreign.check_digest(lines, body)
        foreign.check_time(signed, now)
    return both["ewx"]


def _known(signed: foreign.Signed) -> bytes:
    if signed.values["keyid"] not in KNOWN:
        raise foreign.Refused("unknown key")
    return KNOWN[signed.values["keyid"]]


# --- messages --------------------------------------------------------------------------------------
def signed_request(rng: Random, origin: str) -> Message:
    """Signed by us or by them; now and then what neither should take, a body on GET or an odd target."""
    target = "/api/partner/v1" + rng.choice(ROUTES) + ("" if rng.random() < 0.98 else rng.choice('#~"[|'))
    method = rng.choice(["POST", "POST", "POST", "GET", "DELETE", "HEAD"])
    body = rng.randbytes(rng.randrange(1, 60)) if rng.random() < (0.8 if method == "POST" else 0.05) else b""
    key = UUID(bytes=rng.randbytes(16)) if foreign.needs_key(method, target) and rng.random() < 0.8 else None
    sign = _by_us if rng.random() < 0.5 else _by_them
    return Message(method, target, sign(rng, method, origin, target, body, key), body)


def _by_us(rng: Random, method: str, origin: str, target: str, body: bytes, key: UUID | None) -> Lines:
    rotates = (method, target.partition("?")[0]) == ("POST", "/api/partner/v1/keys")
    headers = sign_request(
        method=method,
        origin=origin,
        target=target,
        connection_id=UUID(bytes=rng.randbytes(16)),
        key=rng.choice(SIGNERS),
        now=datetime.fromtimestamp(NOW, UTC),
        nonce=fresh_nonce(rng.randbytes),
        body=body,
        idempotency_key=key,
        new_key=(PAIRS[3], fresh_nonce(rng.randbytes)) if rotates else None,
    )
    return list(headers.items())


def _by_them(rng: Random, method: str, origin: str, target: str, body: bytes, key: UUID | None) -> Lines:
    rotates = (method, target.partition("?")[0]) == ("POST", "/api/partner/v1/keys")
    lines = [("EWX-Connection", str(UUID(bytes=rng.randbytes(16))))]
    lines += [("Content-Type", "application/json"), ("Content-Digest", foreign.digest(body))] if body else []
    lines += [("Idempotency-Key", str(key))] if key else []
    components = foreign.request_components(method, origin, target, lines, body)
    signers = {"ewx": rng.choice(SIGNERS)} | ({"ewx-new": PAIRS[3]} if rotates else {})
    nonce = lambda: fresh_nonce(rng.randbytes)  # noqa: E731
    signed = {label: foreign.sign(components, pair.private, NOW, nonce()) for label, pair in signers.items()}
    return lines + foreign.signature_headers(signed)


def signed_answer(rng: Random, origin: str) -> Message:
    asked = dict(signed_request(rng, origin).lines)["Signature"].partition(",")[0]
    status, body = rng.choice([200, 201, 204, 409, 422]), rng.choice([b"", rng.randbytes(20)])
    pair, media = rng.choice(SIGNERS), rng.choice(["application/json", "application/problem+json"])
    if rng.random() < 0.5:
        headers = sign_response(
            status=status,
            request_signature=asked,
            key=pair,
            now=datetime.fromtimestamp(NOW, UTC),
            nonce=fresh_nonce(rng.randbytes),
            body=body,
            content_type=media,
        )
        return Message("GET", "/", list(headers.items()), body, status, asked)
    lines = [("Content-Type", media), ("Content-Digest", foreign.digest(body))] if body else []
    bound = base64.b64decode(asked.removeprefix("ewx=:").removesuffix(":"))
    signed = foreign.sign(foreign.answer_components(status, lines, body, bound), pair.private, NOW)
    return Message("GET", "/", lines + foreign.signature_headers({"ewx": signed}), body, status, asked)


def resigned(rng: Random, message: Message, origin: str) -> Message:
    """A good signature over something else than the profile wants: components, parameters, their spelling."""
    values = {'"@method"': message.method, '"@target-uri"': origin + message.target, '"@status"': str(message.status)}
    values |= {f'"{name.lower()}"': value for name, value in message.lines if not name.startswith("Signature")}
    values['"signature";req;key="ewx"'] = message.asked.removeprefix("ewx=")
    wanted = ['"@status"'] if message.status else ['"@method"', '"@target-uri"', '"ewx-connection"']
    wanted += ['"content-type"', '"content-digest"'] if message.body else []
    wanted += ['"idempotency-key"'] if '"idempotency-key"' in values else []
    wanted += ['"signature";req;key="ewx"'] if message.status else []
    covered = rng.choice(COVERAGES)(rng, wanted)
    parameters, pair = _parameters(rng), rng.choice(PAIRS[:3])
    text = f"({rng.choice([' '] * 9 + ['  '])}".replace("( ", "(") + " ".join(covered) + ")"
    text += "".join(f";{name}={value}" for name, value in (parameters | {"keyid": f'"{pair.keyid}"'}).items())
    base = foreign.base({name: values.get(name, "") for name in dict.fromkeys(covered)}, text)
    raw = base64.b64encode(pair.sign(base)).decode()
    lines = [line for line in message.lines if not line[0].startswith("Signature")]
    return replace(message, lines=[*lines, ("Signature-Input", f"ewx={text}"), ("Signature", f"ewx=:{raw}:")])


COVERAGES: list[Callable[[Random, list[str]], list[str]]] = [
    lambda _rng, wanted: wanted,
    lambda _rng, wanted: wanted,
    lambda rng, wanted: rng.sample(wanted, len(wanted)),
    lambda rng, wanted: rng.sample(wanted, rng.randrange(len(wanted))),
    lambda _rng, wanted: wanted[:-1],
    lambda _rng, wanted: [*wanted, '"@path"'],
    lambda rng, wanted: [*wanted, rng.choice(wanted)],
    lambda rng, wanted: [f"{name};sf" if rng.random() < 0.2 else name for name in wanted],
]


def _parameters(rng: Random) -> dict[str, str]:
    """All six, in any order, now and then one that is wrong."""
    nonce = base64.urlsafe_b64encode(rng.randbytes(rng.choice([18, 18, 18, 15, 63, 66]))).decode().rstrip("=")
    right = {
        "created": str(NOW),
        "expires": str(NOW + 300),
        "keyid": "",
        "alg": '"ed25519"',
        "nonce": f'"{nonce}"',
        "tag": '"ewx-partner-1"',
    }
    wrong = rng.choice(
        [("", "")] * 8
        + [("created", f"0{NOW}"), ("created", f'"{NOW}"'), ("created", f"{NOW}.0"), ("expires", str(NOW + 299))]
        + [("alg", '"rsa-v1_5-sha256"'), ("alg", "ed25519"), ("tag", '"ewx-partner-2"'), ("nonce", '"AAAA"')]
        + [("extra", "1"), ("created", str(NOW - 301)), ("created", str(NOW + 61)), ("created", "-1")]
    )
    changed = right | ({wrong[0]: wrong[1]} if wrong[0] else {})
    if wrong[0] == "created" and wrong[1].isdecimal() and rng.random() < 0.5:
        changed["expires"] = str(int(wrong[1]) + 300)
    names = rng.sample(list(changed), len(changed) - (rng.random() < 0.05))
    return {name: changed[name] for name in names}


def tampered(rng: Random, message: Message) -> Message:
    """One thing changed after it was signed."""
    lines = list(message.lines)
    at = rng.randrange(len(lines)) if lines else 0
    name, value = lines[at]
    spot = rng.randrange(len(value))
    change = rng.randrange(14)
    if change == 0:
        lines[at] = name, value[:spot] + rng.choice(ALPHABET) + value[spot + 1 :]
    elif change == 1:
        lines[at] = name, value[:spot] + rng.choice(ALPHABET) + value[spot:]
    elif change == 2:
        lines[at] = name, value[:spot] + value[spot + 1 :]
    elif change == 3:
        del lines[at]
    elif change == 4:
        lines.insert(rng.randrange(len(lines)), lines[at])
    elif change == 5:
        lines[at] = rng.choice([name.upper(), name.lower()]), rng.choice([value, f" {value}\t", value.upper()])
    elif change == 6:
        lines.append((rng.choice(["Content-Encoding", "Transfer-Encoding", "X-Other", "Content-Type"]), "gzip"))
    elif change == 7:
        return replace(message, body=rng.choice([message.body + b" ", b"", b"{}"]))
    elif change == 8:
        return replace(message, target=message.target + rng.choice(["?x=1", "/", "#a", " ", "\xe4", "%2f"]))
    elif change == 9:
        return replace(message, method=rng.choice(["POST", "PUT", "GET", "get", "DELETE"]))
    elif change == 10:
        return replace(message, status=rng.choice([200, 204, 201]) if message.status else 0)
    elif change == 11:
        lines[at] = name, f"{value}, {value}"
    elif change == 12:
        lines[at] = name, OTHER_SPELLING.sub(_same_bytes, value)
    else:
        rng.shuffle(lines)
    return replace(message, lines=lines)


def _same_bytes(last: re.Match[str]) -> str:
    """The last symbol of base64 with its unused bits set: the bytes stay, the spelling is another."""
    return chr(ord(last[1]) + 1) + last[2]


def draw(rng: Random) -> tuple[Message, str, float]:
    """A message, the origin and the moment at which it is judged."""
    origin = rng.choice(ORIGINS)
    message = signed_answer(rng, origin) if rng.random() < 0.3 else signed_request(rng, origin)
    if rng.random() < 0.25:
        message = resigned(rng, message, origin)
    if rng.random() < 0.5:
        message = tampered(rng, message)
    elsewhere = rng.choice(ORIGINS) if rng.random() < 0.05 else origin
    moment = NOW + rng.choice(
        [0, 0, 0, 0, 0, 0, rng.randrange(-70, 311), rng.choice([-60, 300]) + rng.choice([-0.5, 0, 0.5])]
    )
    return message, elsewhere, moment


@pytest.mark.parametrize("seed", range(SEEDS))
def test_both_judge_alike(seed: int):
    rng, accepted = Random(seed), 0
    for _ in range(MESSAGES_PER_SEED):
        message, origin, moment = draw(rng)
        verdict = ours(message, origin, moment)
        assert verdict == theirs(message, origin, moment), (message, origin, moment)
        accepted += verdict is not None
    assert 0.2 < accepted / MESSAGES_PER_SEED < 0.6
