"""The first question of a request finds out by itself whether the connection still lives."""

import pytest
from django.db import OperationalError, connection, transaction

from eventworx.databases import asked_first
from eventworx.tenants.models import Tenant


def end_our_connection() -> None:
    """As a server that was started anew does."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.get_backend_pid()])
    other.close()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_dead_connection_is_replaced_and_the_question_asked_again() -> None:
    Tenant.objects.count()
    end_our_connection()
    assert asked_first(Tenant.objects.count) == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_nothing_is_asked_again() -> None:
    with transaction.atomic():
        Tenant.objects.count()
        end_our_connection()
        with pytest.raises(OperationalError):
            asked_first(Tenant.objects.count)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_question_that_fails_is_not_asked_again() -> None:
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        raise OperationalError("no such table")

    with pytest.raises(OperationalError):
        asked_first(ask)
    assert len(asked) == 1
