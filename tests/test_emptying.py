"""The next test meets empty tables, however much the one before wrote."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.test import TransactionTestCase

from inventory.models import Article
from tests.emptying import MADE_OF_THE_MODELS, MANY, empty_what_was_filled
from tests.factories import make_connection, make_job, make_tenant


def filled() -> set[str]:
    models = [model for model in apps.get_models() if model._meta.db_table not in MADE_OF_THE_MODELS]
    return {model.__name__ for model in models if model._base_manager.exists()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rows", [1, MANY])
def test_nothing_is_left_but_what_django_makes_of_the_models(rows: int) -> None:
    aurora = make_tenant("aurora")
    make_job(aurora)
    make_connection(aurora, peer=make_tenant("bassline"))
    Article.objects.bulk_create(Article(tenant=aurora, number=str(number), name="PAR") for number in range(rows))
    assert {"Tenant", "Job", "PartnerConnection", "ConnectionKey", "Article"} <= filled()
    permissions = Permission.objects.count()
    empty_what_was_filled(TransactionTestCase())
    assert filled() == set()
    assert Permission.objects.count() == permissions > 0
