"""The caller's own keys, changed with no mail (protocol §4 `/keys`)."""

from partners import connections
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, endpoint
from partners.api.errors import Reply
from partners.protocol.wire import NewKey, parse_new_key, to_wire


class KeysView(PartnerAPIView):
    @endpoint(works_while_paused=True)
    def get(self, call: PartnerCall) -> Reply:
        return Reply.of(to_wire(connections.list_peer_keys(connection=call.connection, now=call.now)))

    @endpoint(parse=parse_new_key, works_while_paused=True)
    def post(self, call: PartnerCall, new: NewKey) -> Reply:
        key = connections.stage_peer_key(
            connection=call.connection, public_key=new.public_key, signed_with=call.proof.keyid, now=call.now
        )
        return Reply.of({"keyid": key.keyid, "state": key.state}, 201)


class KeyView(PartnerAPIView):
    @endpoint(works_while_paused=True)
    def delete(self, call: PartnerCall, keyid: str) -> Reply:
        connections.withdraw_peer_key(
            connection=call.connection, keyid=keyid, signed_with=call.proof.keyid, now=call.now
        )
        return Reply(204)
