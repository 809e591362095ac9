"""The kit and the foreign server as its partner, over real HTTP, with a worker that delivers what waits."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from partners.conformance import CASES, Group, Identity, Options, Peer, Reception, run_case
from partners.transport.listening import listening
from tests.foreign.client import Failed, NotBelieved
from tests.foreign.server import ForeignServer
from tests.partners.conformance.spoilt_server import Defect, SpoiltServer
from tests.services import free_port

RIGHT = Defect()
PATIENCE, SHORT_PATIENCE = 20.0, 2.0  # seconds; a defect may be that nothing comes


@dataclass
class ForeignPair:
    server: SpoiltServer
    peer: Peer

    def arrange(self, group: Group) -> None:
        """Do at the server what its people are asked to do before the cases of a group."""
        if group is Group.UNPAIRED:
            return
        self.server.enter_code(self.peer.identity.code_text())
        self.server.handshake()
        if group in LEVELS:
            self.server.set_level(LEVELS[group])
            self.server.verify()
        if group is Group.PAUSED:
            run_case(CASES["repeat.replayed"], self.peer)
            self.server.pause()
        if group is Group.CLOSED:
            self.server.close()
        if group is Group.ROTATED:
            self.server.client().rotate()


LEVELS = {Group.LEVEL_0: 0, Group.LEVEL_1: 1, Group.LEVEL_3: 3}


@contextlib.contextmanager
def foreign_pair(defect: Defect = RIGHT) -> Iterator[ForeignPair]:
    """The kit has the server's code; what the server knows of the kit is for `arrange` to say."""
    port = free_port()
    identity = Identity.new(f"http://127.0.0.1:{port}", datetime.now(UTC))
    reception = Reception(identity)
    with SpoiltServer(defect) as server, listening("127.0.0.1", port, reception.answer):
        identity.enter(server.make_code(), datetime.now(UTC))
        unreleased = server.company.articles.keys() - server.connection().released
        patience = PATIENCE if defect == RIGHT else SHORT_PATIENCE
        options = Options(patience=patience, unreleased=min(unreleased))
        with _working(server):
            yield ForeignPair(server, Peer(identity=identity, reception=reception, options=options, is_fresh=True))


@contextlib.contextmanager
def _working(server: ForeignServer) -> Iterator[None]:
    """Deliver, and try again soon what failed; answer the orders that want an answer."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            for order in server.orders():
                if order["buyer_reference"] == "KIT-ANSWER" and order["state"] == "requested":
                    server.confirm(order["id"])
            with contextlib.suppress(Failed, NotBelieved, OSError):
                server.deliver()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()
