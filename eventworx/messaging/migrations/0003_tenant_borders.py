from django.db import migrations

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):
    dependencies = [("messaging", "0002_mail_sending_state")]

    operations = [KeepBorders()]
