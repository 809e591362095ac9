from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('partners', '0012_gathered_answers')]

    operations = [
        migrations.AddField(
            model_name='partnerconnection',
            name='horizon_days',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='partnerconnection',
            name='lead_hours',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='partnerconnection',
            name='most_net',
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name='partnerconnection',
            name='most_units',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
