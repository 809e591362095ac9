"""The endpoints about the connection itself: handshake, test, notices."""

from partners import connections, pairing
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, Says, endpoint
from partners.api.errors import Reply
from partners.protocol.wire import (
    Notice,
    PairingRequest,
    ProblemCode,
    parse_connection,
    parse_notice,
    parse_pairing_request,
    to_wire,
)

PAIRED = Says(document=parse_connection, refusals=(ProblemCode.PAIRING_INCOMPLETE,))


class PairingView(PartnerAPIView):
    @endpoint(parse=parse_pairing_request, says=PAIRED)
    def post(self, call: PartnerCall, request: PairingRequest) -> Reply:
        """The handshake, repeated until both sides have entered the other's code."""
        document = pairing.receive_pairing(connection=call.connection, request=request, now=call.now)
        return Reply.of(to_wire(document))


class ConnectionView(PartnerAPIView):
    @endpoint(works_while_paused=True, says=Says(document=parse_connection))
    def get(self, call: PartnerCall) -> Reply:
        """The connection as the answerer sees it; the test whether it works."""
        document = connections.describe_connection(connection=call.connection, now=call.now)
        return Reply.of(to_wire(document))


class NoticeView(PartnerAPIView):
    @endpoint(parse=parse_notice, works_while_paused=True, says=Says(statuses=(204,)))
    def post(self, call: PartnerCall, notice: Notice) -> Reply:
        """News about the connection itself; best effort, unknown ones change nothing."""
        connections.receive_notice(connection=call.connection, notice=notice.notice, now=call.now)
        return Reply(204)
