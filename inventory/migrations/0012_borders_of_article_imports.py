from django.db import migrations

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):
    dependencies = [("inventory", "0011_article_imports")]

    operations = [KeepBorders()]
