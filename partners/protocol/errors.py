"""What the protocol library raises, as one tree.

    ProtocolError
    ├── BadKey             a public key that must not be used                 keys
    ├── CodeRefused        a pairing code that changes nothing                pairing_code
    ├── SignatureRefused   a request or answer that proves nothing            signing
    ├── CursorRefused      a cursor that is not ours: answer 422 `cursor`     cursors
    ├── Malformed          no JSON that we take: answer 400                   wire
    ├── FieldErrors        JSON whose fields are wrong: answer 422            wire
    ├── NoCommonVersion    two sides that do not speak the same protocol      versions
    ├── AmountTooLarge     a sum that the wire cannot carry                   money
    └── WrongState         an event the order is not in the state for: 409    order_states

Each stands beside the function that raises it. ValueError and TypeError mean that our own
code passed something impossible; nothing that arrives from outside causes them.
"""


class ProtocolError(Exception):
    """The root: everything that a partner, a mail or a person can get wrong."""
