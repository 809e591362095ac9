"""Calls to a partner's server: signed, answered in time, the answer proven (protocol §3, §5).

    PartnerProblem           what a user can be told, with who can mend it
    ├── PartnerUnreachable   nothing that proves to be the partner's answer, or not now: try again
    │   └── PartnerDown      he was not asked: nothing came back several times in a row
    ├── PartnerPaused        the partner has paused the connection: park it
    └── PartnerRefused       the partner says no, signed: give up and say why

One table makes sentences of reasons.
"""

from partners.client.calls import Answer, Line, SignedRequest, call, fetch, line_of, send_ahead, sign_ahead
from partners.client.contact import note_sign_of_life, take_up_peer_key
from partners.client.problems import (
    NETWORK,
    PartnerDown,
    PartnerPaused,
    PartnerProblem,
    PartnerRefused,
    PartnerUnreachable,
    Reason,
    down_sentence,
    last_words,
    sentence,
)

__all__ = [
    "NETWORK",
    "Answer",
    "Line",
    "PartnerDown",
    "PartnerPaused",
    "PartnerProblem",
    "PartnerRefused",
    "PartnerUnreachable",
    "Reason",
    "SignedRequest",
    "call",
    "down_sentence",
    "fetch",
    "last_words",
    "line_of",
    "note_sign_of_life",
    "send_ahead",
    "sentence",
    "sign_ahead",
    "take_up_peer_key",
]
