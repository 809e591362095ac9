"""Two implementations of one page, asked the same: where they differ, the page is unclear or one of them is wrong."""

import pytest

from eventworx.limits import Limit
from partners.api import rates
from tests.foreign.server import ForeignServer
from tests.foreign.test_faults import ForeignStage, connect
from tests.partners.foreign.questions import answers
from tests.partners.foreign.test_promises import ProductStage, stage  # noqa: F401


def test_both_answer_alike(stage: ProductStage, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    for rate in rates.PER_CONNECTION:  # whoever asks so much is somebody to slow down, but not here
        monkeypatch.setitem(rates.PER_CONNECTION, rate, Limit(rate, 10_000, 60))
    with ForeignServer() as server, ForeignServer() as us:
        theirs = list(answers(ForeignStage(server, us, *connect(server, us))))
    ours = list(answers(stage))
    asked = zip(ours, theirs, strict=True)
    differences = [
        (question, our_answer, their_answer)
        for (question, our_answer), (_, their_answer) in asked
        if our_answer != their_answer
    ]
    assert differences == []
    assert len(ours) > 250
