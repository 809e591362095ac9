"""Two admins exchange partner codes by mail; both ends of the handshake (mission P3-P5, protocol §1, §2)."""

from datetime import datetime

from partners.connections import describe_connection
from partners.models import PartnerConnection
from partners.protocol.wire import ConnectionDocument, FieldError, FieldErrors, PairingRequest


def receive_pairing(*, connection: PartnerConnection, request: PairingRequest, now: datetime) -> ConnectionDocument:
    """The partner has entered our code and we his: answer who we are. Raises FieldErrors for other ids."""
    expected = {"/connection": connection.peer_connection_id, "/partner_connection": connection.pk}
    said = {"/connection": request.connection, "/partner_connection": request.partner_connection}
    wrong = tuple(FieldError(pointer, "mismatch") for pointer, value in said.items() if value != expected[pointer])
    if wrong:
        raise FieldErrors(wrong)
    return describe_connection(connection=connection, now=now)
