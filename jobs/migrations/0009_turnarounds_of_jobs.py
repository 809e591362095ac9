import django.db.models.deletion
from django.db import migrations, models

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0018_what_is_sold_does_not_come_back'),
        ('jobs', '0008_goods_that_are_turned_around'),
        ('tenants', '0002_second_factor_for_admins'),
    ]

    operations = [
        migrations.CreateModel(
            name='Turnaround',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='turnarounds', to='jobs.job')),
                ('reservation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='turnaround', to='inventory.reservation')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='turnarounds', to='tenants.tenant')),
            ],
        ),
        KeepBorders(),
    ]
