"""Every column that holds sealed values is registered, so that a rotation forgets none."""

import re

from django.apps import apps

from eventworx.audit import Actor, record
from eventworx.encryption.columns import SealedColumn, sealed_columns
from eventworx.encryption.sealing import Place
from eventworx.tenants.models import Tenant


def test_the_columns_of_the_product_are_registered() -> None:
    assert "partners.ConnectionKey.sealed_private_key" in map(str, sealed_columns())


def test_a_column_named_sealed_is_registered() -> None:
    named = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if re.match(r"sealed_", field.name)
    }
    assert named
    assert named <= {f"{column.model._meta.label}.{column.field}" for column in sealed_columns()}


def test_a_sealed_text_may_lie_in_a_document(aurora: Tenant) -> None:
    model = apps.get_model("eventworx", "AuditEntry")
    column = SealedColumn(model, "detail", lambda row: Place("audit", str(row.pk), "secret", row.tenant_id), "secret")
    assert str(column) == "eventworx.AuditEntry.detail.secret"
    record(tenant=aurora, actor=Actor("test"), action="made", target=aurora, secret="v1.a.b.c", name="phone")
    row = column.rows().get()
    assert column.sealed(row) == "v1.a.b.c"
    assert column.replace(row, "v1.d.e.f")
    assert not column.replace(row, "v1.g.h.i")
    assert column.rows().get().detail == {"secret": "v1.d.e.f", "name": "phone"}
    for empty in ({}, {"secret": ""}, [], None):
        assert column.sealed(model(detail=empty)) == ""
