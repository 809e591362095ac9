from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('partners', '0018_most_orders')]

    operations = [
        migrations.AddIndex(
            model_name='partnerorder',
            index=models.Index(
                condition=models.Q(('is_automatic', True)),
                fields=['connection', 'created_at'],
                name='orders_by_machine',
            ),
        ),
    ]
