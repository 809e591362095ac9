from django.db import migrations

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_inquiry_binds_its_job")]

    operations = [KeepBorders()]
