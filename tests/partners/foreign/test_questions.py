"""Two implementations of one page, asked the same: where they differ, the page is unclear or one of them is wrong."""

from tests.foreign.server import ForeignServer
from tests.foreign.test_faults import ForeignStage, connect
from tests.partners.foreign.questions import answers
from tests.partners.foreign.test_promises import ProductStage, stage  # noqa: F401


def test_both_answer_alike(stage: ProductStage):  # noqa: F811
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
