from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("jobs", "0010_turnarounds_from_positions_to_jobs")]

    operations = [migrations.RemoveField(model_name="position", name="turning")]
