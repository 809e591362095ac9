"""A mark is checked by the keys over (tenant, id) alone.

Those over the id are implied by them, and that over the tenant by the key to the connection, whose tenant is checked
itself; but each is looked up row by row, and a filter marks 100,000 articles at once. Pages keep some room, so that a
mark that changes stays where its indexes point to.
"""

import django.db.models.deletion
from django.db import migrations, models

from eventworx.databases import OnPostgreSQL

IMPLIED = {
    "partners_release_article_id_658fe000_fk_inventory_article_id": "(article_id) REFERENCES inventory_article (id)",
    "partners_release_category_id_ad0e5806_fk_inventory_category_id": "(category_id) REFERENCES inventory_category (id)",
    "partners_release_connection_id_3e37d37b_fk_partners_": "(connection_id) REFERENCES partners_partnerconnection (id)",
    "partners_release_tenant_id_553a53a6_fk_tenants_tenant_id": "(tenant_id) REFERENCES tenants_tenant (id)",
}


def dropped(name: str) -> str:
    return f'ALTER TABLE partners_release DROP CONSTRAINT IF EXISTS "{name}"'


def added(name: str, key: str) -> str:
    return f'ALTER TABLE partners_release ADD CONSTRAINT "{name}" FOREIGN KEY {key} DEFERRABLE INITIALLY DEFERRED'


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0018_what_is_sold_does_not_come_back"),
        ("partners", "0020_offers_that_are_gone"),
        ("tenants", "0002_second_factor_for_admins"),
    ]

    operations = [
        migrations.AlterField(
            model_name="release",
            name="tenant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="releases",
                to="tenants.tenant",
            ),
        ),
        migrations.AlterField(
            model_name="release",
            name="category",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="releases",
                to="inventory.category",
            ),
        ),
        migrations.AddIndex(
            model_name="release",
            index=models.Index(
                fields=["category"], condition=models.Q(category__isnull=False), name="releases_of_category"
            ),
        ),
        OnPostgreSQL([dropped(name) for name in IMPLIED], [added(name, key) for name, key in IMPLIED.items()]),
        OnPostgreSQL(
            "ALTER TABLE partners_release SET (fillfactor = 60)", "ALTER TABLE partners_release RESET (fillfactor)"
        ),
    ]
