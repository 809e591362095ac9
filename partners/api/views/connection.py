"""The endpoints about the connection itself: handshake, test, notices."""

from partners import connections, pairing
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, endpoint
from partners.api.errors import Reply
from partners.protocol.wire import Notice, PairingRequest, parse_notice, parse_pairing_request, to_wire


class PairingView(PartnerAPIView):
    @endpoint(parse=parse_pairing_request)
    def post(self, call: PartnerCall, request: PairingRequest) -> Reply:
        document = pairing.receive_pairing(connection=call.connection, request=request, now=call.now)
        return Reply.of(to_wire(document))


class ConnectionView(PartnerAPIView):
    @endpoint(works_while_paused=True)
    def get(self, call: PartnerCall) -> Reply:
        document = connections.describe_connection(connection=call.connection, now=call.now)
        return Reply.of(to_wire(document))


class NoticeView(PartnerAPIView):
    @endpoint(parse=parse_notice, works_while_paused=True)
    def post(self, call: PartnerCall, notice: Notice) -> Reply:
        connections.receive_notice(connection=call.connection, notice=notice.notice, now=call.now)
        return Reply(204)
