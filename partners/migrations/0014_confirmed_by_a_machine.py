from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('partners', '0013_guard_rails')]

    operations = [
        migrations.AddField(
            model_name='partnerorder',
            name='is_automatic',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='partnerorder',
            name='objections',
            field=models.JSONField(blank=True, default=list),
        ),
    ]
