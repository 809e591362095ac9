"""The database itself refuses a row that names a row of another tenant (security.md row 30)."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from eventworx.tenants.boundaries import borders_of, constraints
from eventworx.tenants.models import Tenant
from tests.factories import make_article, make_category, make_connection, make_contact, make_job
from tests.source import APPS

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def all_borders() -> set[str]:
    labels = [app.label for app in apps.get_app_configs() if app.name.split(".")[0] in APPS]
    found = [border.name for label in labels for border in borders_of(apps, label)]
    assert len(found) == len(set(found))
    return set(found)


def test_every_foreign_key_between_rows_of_tenants_has_its_border() -> None:
    """A new one needs `KeepBorders()` in the migration that makes it."""
    assert len(all_borders()) > 20
    assert set(constraints(connection)) == all_borders()


def an_article_in_a_foreign_category(ours: Tenant, theirs: Tenant) -> None:
    make_article(ours, category=make_category(theirs))


def a_job_for_a_foreign_customer(ours: Tenant, theirs: Tenant) -> None:
    make_job(ours, make_contact(theirs))


def a_release_of_a_foreign_article(ours: Tenant, theirs: Tenant) -> None:
    side, _other = make_connection(ours, peer=theirs)
    side.releases.create(tenant=ours, article=make_article(theirs))


def a_connection_with_a_foreign_contact(ours: Tenant, theirs: Tenant) -> None:
    ours.partner_connections.create(contact=make_contact(theirs))


@pytest.mark.parametrize(
    "mix",
    [
        an_article_in_a_foreign_category,
        a_job_for_a_foreign_customer,
        a_release_of_a_foreign_article,
        a_connection_with_a_foreign_contact,
    ],
)
def test_rows_of_two_tenants_do_not_mix(
    aurora: Tenant, bassline: Tenant, mix: Callable[[Tenant, Tenant], None]
) -> None:
    with pytest.raises(IntegrityError):
        mix_at_once(mix, aurora, bassline)


@transaction.atomic
def mix_at_once(mix: Callable[[Tenant, Tenant], None], ours: Tenant, theirs: Tenant) -> None:
    """The border is looked at when the transaction ends; in a test, when somebody asks."""
    mix(ours, theirs)
    connection.check_constraints()
