import django.db.models.deletion
from django.db import migrations, models

from eventworx.tenants.boundaries import KeepBorders


class Migration(migrations.Migration):

    dependencies = [('partners', '0014_confirmed_by_a_machine'), ('tenants', '0002_second_factor_for_admins')]

    operations = [
        migrations.CreateModel(
            name='Brake',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pulled_at', models.DateTimeField()),
                ('connection', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='brakes', to='partners.partnerconnection')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='partner_brakes', to='tenants.tenant')),
            ],
            options={
                'verbose_name': 'emergency brake',
                'verbose_name_plural': 'emergency brakes',
                'constraints': [models.UniqueConstraint(condition=models.Q(('connection', None)), fields=('tenant',), name='one_brake_for_all'), models.UniqueConstraint(fields=('connection',), name='one_brake_per_connection')],
            },
        ),
        KeepBorders(),
    ]
