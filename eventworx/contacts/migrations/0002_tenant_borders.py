from django.db import migrations

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [KeepBorders()]
