from django.db import migrations

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):
    dependencies = [("partners", "0009_refusals")]

    operations = [KeepBorders()]
