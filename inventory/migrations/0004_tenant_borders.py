from django.db import migrations

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):
    dependencies = [("inventory", "0003_article_pictures")]

    operations = [KeepBorders()]
