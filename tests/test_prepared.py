"""A statement that PostgreSQL plans once per connection answers as one that it plans every time."""

from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from eventworx import prepared
from eventworx.databases import asked_first
from eventworx.prepared import read
from tests.test_databases import end_our_connection

TWICE = "SELECT 2 * CAST(%s AS integer), '%%s'"


def names() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return int(cursor.fetchone()[0])


def execute(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)


@pytest.mark.django_db
def test_each_time_is_one_query(django_assert_num_queries: Any) -> None:
    for value in (1, 2, 3):
        with django_assert_num_queries(1):
            assert read(TWICE, [value]) == [(2 * value, "%s")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestOnPostgreSQL:
    @pytest.fixture(autouse=True)
    def fresh(self) -> None:
        connection.close()

    def test_it_is_planned_once(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            for value in range(3):
                read(TWICE, [value])
        assert [query["sql"].split()[0] for query in queries] == ["PREPARE", "EXECUTE", "EXECUTE"]

    def test_its_plan_grows_old(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(prepared, "KEPT", 0)
        with CaptureQueriesContext(connection) as queries:
            assert [read(TWICE, [value]) for value in (1, 2)] == [[(2, "%s")], [(4, "%s")]]
        assert [query["sql"].split()[0] for query in queries] == ["PREPARE", "DEALLOCATE"]

    def test_its_plan_is_made_without_the_values(self) -> None:
        for value in range(3):
            read(TWICE, [value])
        with connection.cursor() as cursor:
            cursor.execute("SELECT generic_plans, custom_plans FROM pg_prepared_statements")
            assert cursor.fetchall() == [(3, 0)]

    def test_each_text_has_a_name(self) -> None:
        other = "SELECT CAST(%s AS integer) + CAST(%s AS integer)"
        for _time in range(2):
            assert (read(TWICE, [4]), read(other, [4, 1])) == ([(8, "%s")], [(5,)])
        assert names() == 2

    def test_a_new_connection_begins_anew(self) -> None:
        read(TWICE, [1])
        end_our_connection()
        assert asked_first(lambda: read(TWICE, [2])) == [(4, "%s")]
        assert names() == 1

    def test_a_rollback_takes_nothing_away(self) -> None:
        with transaction.atomic():
            read(TWICE, [1])
            transaction.set_rollback(True)
        assert read(TWICE, [2]) == [(4, "%s")]
        assert names() == 1

    @pytest.mark.parametrize("forgotten", ["DISCARD ALL", "DEALLOCATE ALL"])
    def test_what_the_server_forgot_is_read_all_the_same(self, forgotten: str) -> None:
        read(TWICE, [1])
        execute(forgotten)
        assert [read(TWICE, [value]) for value in (2, 3)] == [[(4, "%s")], [(6, "%s")]]

    def test_within_a_transaction_it_fails_once(self) -> None:
        read(TWICE, [1])
        execute("DISCARD ALL")
        with pytest.raises(OperationalError), transaction.atomic():
            read(TWICE, [2])
        with transaction.atomic():
            assert read(TWICE, [3]) == [(6, "%s")]

    def test_a_first_time_that_fails_costs_no_later_one(self) -> None:
        fraction = "SELECT 6 / CAST(%s AS integer)"
        for _time in range(2):
            with pytest.raises(DataError), transaction.atomic():
                read(fraction, [0])
            with pytest.raises(DataError):
                read(fraction, [0])
        with transaction.atomic():
            assert read(fraction, [2]) == [(3,)]

    def test_a_table_may_change(self) -> None:
        execute("CREATE TABLE changing (number integer, seen integer)")
        try:
            execute("INSERT INTO changing VALUES (1, 7)")
            text = "SELECT seen FROM changing WHERE number = %s"
            assert read(text, [1]) == [(7,)]
            execute("ALTER TABLE changing ALTER seen TYPE text")
            assert read(text, [1]) == [("7",)]
            execute("ALTER TABLE changing ALTER number TYPE text")
            assert read(text, ["1"]) == [("7",)]
        finally:
            execute("DROP TABLE changing")

    def test_no_more_than_so_many_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(prepared, "MOST", 2)
        for number in range(4):
            assert read(f"SELECT CAST(%s AS integer) + {number}", [1]) == [(1 + number,)]
        assert names() == 2

    def test_a_pooled_connection_keeps_nothing(self, settings: Any) -> None:
        settings.EWX_DATABASE_POOLED = True
        assert [read(TWICE, [value]) for value in (1, 2)] == [[(2, "%s")], [(4, "%s")]]
        assert names() == 0
