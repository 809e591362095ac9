"""Real mails, as people paste them, each with what has to come of it (security row 3, mission P4).

tests/data/mails/index.json names them: `code` is the one code that they carry, else it is the refusal.
"""

import pytest

from partners.protocol.pairing_code import CodeRefused, PairingCode, Refusal, decode
from tests.partners.mails import CODE, MAILS, NOW, Mail


@pytest.mark.parametrize("mail", MAILS, ids=str)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["text", "browser"])
def test_each_mail_is_read_or_refused_as_it_should(mail: Mail, line_end: str):
    text = mail.text.replace("\r\n", "\n").replace("\n", line_end)
    assert outcome(text) == (CODE if mail.outcome == "code" else mail.outcome), mail.about


def outcome(text: str) -> PairingCode | Refusal:
    def no(_asked: object) -> bool:
        return False

    try:
        return decode(text, now=NOW, is_own=no, is_in_use=no, allow_origin=no)
    except CodeRefused as refused:
        return refused.refusal


def test_the_corpus_is_as_large_as_it_claims():
    read = [mail for mail in MAILS if mail.outcome == "code"]
    assert len(read) >= 60
    assert {mail.outcome for mail in MAILS} == {
        *("code", "incomplete", "changed", "newer", "not-a-code", "bad-key", "expired")
    }
    assert len({mail.text for mail in MAILS}) == len(MAILS) >= 80
