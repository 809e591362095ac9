from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('partners', '0017_marks_found_by_article')]

    operations = [
        migrations.AddField(
            model_name='partnerconnection',
            name='most_orders',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
