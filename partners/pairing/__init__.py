"""Two admins exchange partner codes by mail; both ends of the handshake (mission P3-P5, protocol §1, §2)."""

from partners.pairing.handshake import HANDLERS, greet, is_greeted, receive_pairing
from partners.pairing.our_code import (
    CODE_MAIL,
    AddressMissing,
    AlreadyConnected,
    KeyMissing,
    NotSwitchedOn,
    OurCodeExpired,
    code_mail,
    code_text,
    hand_over_code,
    send_code,
    start_pairing,
)
from partners.pairing.their_code import (
    CodeAlreadyEntered,
    CodeNotTaken,
    EnteredCode,
    describe_code,
    enter_code,
    fingerprint,
    read_code,
    save_code,
    server_name,
)

__all__ = [
    "CODE_MAIL",
    "HANDLERS",
    "AddressMissing",
    "AlreadyConnected",
    "CodeAlreadyEntered",
    "CodeNotTaken",
    "EnteredCode",
    "KeyMissing",
    "NotSwitchedOn",
    "OurCodeExpired",
    "code_mail",
    "code_text",
    "describe_code",
    "enter_code",
    "fingerprint",
    "greet",
    "hand_over_code",
    "is_greeted",
    "read_code",
    "receive_pairing",
    "save_code",
    "send_code",
    "server_name",
    "start_pairing",
]
