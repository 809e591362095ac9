"""Numbers given to documents, in sequence and never twice."""

from enum import StrEnum

from django.db import transaction

from eventworx.tenants.models import Tenant


class NumberKind(StrEnum):
    """The prefix of a document's number."""

    CONTACT = "K"
    ARTICLE = "A"
    JOB = "J"
    SUB_RENTAL_ORDER = "B"
    INQUIRY = "P"


FIRST = {NumberKind.CONTACT: 10_000, NumberKind.ARTICLE: 10_000}


@transaction.atomic
def next_number(*, tenant: Tenant, kind: NumberKind) -> str:
    """The next free number such as `J-1001`; locks the sequence until the transaction ends."""
    sequence, _ = tenant.number_sequences.select_for_update().get_or_create(
        tenant=tenant, kind=kind.value, defaults={"last": FIRST.get(kind, 1_000)}
    )
    sequence.last += 1
    sequence.save(update_fields=["last"])
    return f"{kind.value}-{sequence.last}"
