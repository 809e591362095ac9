"""Partner codes of companies that are on no server of ours."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from partners.protocol.keys import KeyPair
from partners.protocol.pairing_code import PairingCode


def foreign_code(**changes: Any) -> PairingCode:
    """A code of a company on another server."""
    code = PairingCode(
        connection_id=uuid4(),
        public_key=KeyPair.generate().public,
        origin="https://rent.bassline.example",
        tenant_id="bassline",
        display_name="Bassline Rental",
        expires_at=timezone.now().replace(microsecond=0) + timedelta(days=14),
    )
    return replace(code, **changes)
