"""The conformance kit: plays the other side against any server that claims the protocol (docs/conformance.md).

    identity    who the kit is, and whom it tests: the state file
    drafts      requests with every part open to be spoilt
    peer        the kit's end of the line; answers, refusals: what may be expected of an answer
    reception   the kit as a server: judges what the server under test sends
    checks      what a case is, and the verdict over it; cases/: all of them
    running     a run: group after group, the handshake before it
    report      the verdicts as a table or as JSON

It needs no database and imports of the product only the protocol and the transport.
"""

from partners.conformance.answers import Broken
from partners.conformance.cases import __all__ as _chapters
from partners.conformance.checks import CASES, Case, Group, Result, Verdict, chosen, run_case, run_cases
from partners.conformance.identity import Identity, load, save
from partners.conformance.peer import Options, Peer
from partners.conformance.reception import Reception
from partners.conformance.report import as_json, listed, summary, table_row
from partners.conformance.running import REQUESTS, run_groups, shake_hands

CHAPTERS = tuple(_chapters)

__all__ = [
    "CASES",
    "CHAPTERS",
    "REQUESTS",
    "Broken",
    "Case",
    "Group",
    "Identity",
    "Options",
    "Peer",
    "Reception",
    "Result",
    "Verdict",
    "as_json",
    "chosen",
    "listed",
    "load",
    "run_case",
    "run_cases",
    "run_groups",
    "save",
    "shake_hands",
    "summary",
    "table_row",
]
