"""The caller's own keys, changed with no mail (protocol §4 `/keys`)."""

from partners import connections
from partners.api.authentication import PartnerCall
from partners.api.base import PartnerAPIView, Says, endpoint
from partners.api.errors import Reply
from partners.protocol.wire import NewKey, ProblemCode, parse_key_list, parse_new_key, parse_stored_key, to_wire

STAGED = Says(document=parse_stored_key, statuses=(201,), refusals=(ProblemCode.STATE,))
WITHDRAWN = Says(statuses=(204,), refusals=(ProblemCode.KEY_IN_USE, ProblemCode.STATE))


class KeysView(PartnerAPIView):
    @endpoint(works_while_paused=True, says=Says(document=parse_key_list))
    def get(self, call: PartnerCall) -> Reply:
        """The caller's keys as they are stored here."""
        return Reply.of(to_wire(connections.list_peer_keys(connection=call.connection, now=call.now)))

    @endpoint(parse=parse_new_key, works_while_paused=True, says=STAGED)
    def post(self, call: PartnerCall, new: NewKey) -> Reply:
        """Stage the caller's next key. A second signature, label `ewx-new`, proves that he holds it."""
        key = connections.stage_peer_key(
            connection=call.connection, public_key=new.public_key, signed_with=call.proof.keyid, now=call.now
        )
        return Reply.of({"keyid": key.keyid, "state": key.state}, 201)


class KeyView(PartnerAPIView):
    @endpoint(works_while_paused=True, says=WITHDRAWN)
    def delete(self, call: PartnerCall, keyid: str) -> Reply:
        """Withdraw a key of the caller's, but never the one that signs."""
        connections.withdraw_peer_key(
            connection=call.connection, keyid=keyid, signed_with=call.proof.keyid, now=call.now
        )
        return Reply(204)
