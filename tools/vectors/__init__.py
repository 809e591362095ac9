"""Golden vectors of the partner protocol, as data for whoever implements it: docs/vectors/*.json (protocol §10).

Verdicts are written down by hand, never asked of the product: a test asks it, and compares. All keys are made of
published bytes and protect nothing.
"""

from tools.vectors.codes import pairing_codes, safety_numbers
from tools.vectors.figures import digests, keys, money
from tools.vectors.verdicts import answers, requests

VECTORS = {
    "answers": answers,
    "digests": digests,
    "keys": keys,
    "money": money,
    "pairing-codes": pairing_codes,
    "requests": requests,
    "safety-numbers": safety_numbers,
}
