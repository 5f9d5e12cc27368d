import datetime
import django.db.models.deletion
import practice.constraints
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('clients', '0001_initial'),
        ('practice', '0001_initial'),
        ('protocols', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Appointment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('held', 'Held'), ('booked', 'Booked'), ('confirmed', 'Confirmed'), ('arrived', 'Arrived'), ('no_show', 'Did not come'), ('cancelled', 'Cancelled')], default='booked', max_length=10)),
                ('held_until', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('note', models.CharField(blank=True, help_text='For the desk. Nothing about health.', max_length=200)),
                ('booked_at', models.DateTimeField()),
                ('booked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='clients.client')),
                ('plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='protocols.treatmentplan')),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='practice.room')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='practice.service')),
                ('therapist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AppointmentChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('moved', 'Moved'), ('cancelled', 'Cancelled'), ('confirmed', 'Confirmed'), ('arrived', 'Arrived'), ('no_show', 'Did not come'), ('reopened', 'Taken back')], max_length=10)),
                ('reason', models.CharField(blank=True, choices=[('better', 'Feeling better'), ('worse', 'Feeling worse'), ('sick', 'Ill'), ('away', 'Away'), ('work', 'Work'), ('practice', 'The practice had to'), ('other', 'Other')], max_length=10)),
                ('from_starts_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='booking.appointment')),
                ('by', models.ForeignKey(blank=True, help_text='Empty: the client, by link.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('from_therapist', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AppointmentLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='booking.appointment')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='WaitlistEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wishes', models.CharField(blank=True, help_text="Days and times, in the client's words.", max_length=200)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waitlist_entries', to='clients.client')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.service')),
                ('therapist', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['therapist', 'starts_at'], name='appointment_by_therapist'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['room', 'starts_at'], name='appointment_by_room'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['client', 'starts_at'], name='appointment_by_client'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['starts_at'], name='appointment_by_time'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='appointment_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__lte', practice.constraints.Later('starts_at', datetime.timedelta(days=1)))), name='appointment_lasts_at_most_a_day'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('held_until__isnull', False), ('status', 'held')), models.Q(models.Q(('status', 'held'), _negated=True), ('held_until__isnull', True)), _connector='OR'), name='appointment_held_has_an_end'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=practice.constraints.NoOverlap(condition=models.Q(('status', 'cancelled'), _negated=True), end='ends_at', key='therapist', longest=datetime.timedelta(days=1), name='appointment_therapist_is_free', start='starts_at'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=practice.constraints.NoOverlap(condition=models.Q(('status', 'cancelled'), _negated=True), end='ends_at', key='room', longest=datetime.timedelta(days=1), name='appointment_room_is_free', start='starts_at'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=practice.constraints.NoOverlap(condition=models.Q(('status', 'cancelled'), _negated=True), end='ends_at', key='client', longest=datetime.timedelta(days=1), name='appointment_client_is_free', start='starts_at'),
        ),
        migrations.AddConstraint(
            model_name='appointmentchange',
            constraint=practice.constraints.AppendOnly(name='appointment_change_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='appointmentlink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='appointmentlink_expires_after_it_was_made'),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('client', 'service'), name='waitlist_has_a_client_once'),
        ),
    ]
