from django.db import migrations

from inventory.search.dialects import note_words


class Migration(migrations.Migration):
    dependencies = [("inventory", "0013_catalogue_words")]

    operations = [note_words()]
