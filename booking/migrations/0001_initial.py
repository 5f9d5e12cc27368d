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
            name='BookingInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField()),
                ('asked_by', models.ForeignKey(blank=True, help_text='Empty: the client, on the public page.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='booking_invitations', to='clients.client')),
            ],
        ),
        migrations.CreateModel(
            name='BookingLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('invitation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='booking.bookinginvitation')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='CalendarFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('label', models.CharField(help_text='Which calendar reads it, for example “my phone”.', max_length=60)),
                ('has_names', models.BooleanField(default=False, verbose_name="with clients' names")),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('therapist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='calendar_feeds', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Series',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weeks_apart', models.PositiveSmallIntegerField(default=1)),
                ('created_at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='series', to='clients.client')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'series',
            },
        ),
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
                ('series', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='booking.series')),
            ],
        ),
        migrations.CreateModel(
            name='WaitlistEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekdays', models.PositiveSmallIntegerField(default=127, help_text='The days that suit, one bit each: Monday is 1, Tuesday 2, Sunday 64.')),
                ('earliest', models.TimeField(blank=True, help_text='Not before this time of day.', null=True)),
                ('latest', models.TimeField(blank=True, help_text='Over by this time of day.', null=True)),
                ('wishes', models.CharField(blank=True, help_text="Whatever else, in the client's words.", max_length=200)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waitlist_entries', to='clients.client')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.service')),
                ('therapist', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='WaitlistOffer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('offered_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, choices=[('accepted', 'Taken'), ('declined', 'Not wanted'), ('lapsed', 'No answer in time'), ('withdrawn', 'Taken back by the practice')], max_length=10)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('appointment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='offer', to='booking.appointment')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='booking.waitlistentry')),
                ('freed', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='offers_of_its_time', to='booking.appointment')),
            ],
        ),
        migrations.CreateModel(
            name='WaitlistOfferLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='booking.waitlistoffer')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AppointmentChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('moved', 'Moved'), ('cancelled', 'Cancelled'), ('confirmed', 'Confirmed'), ('arrived', 'Arrived'), ('no_show', 'Did not come'), ('reopened', 'Taken back'), ('accepted', 'Held time taken'), ('lapsed', 'Held time not taken')], max_length=10)),
                ('reason', models.CharField(blank=True, choices=[('better', 'Feeling better'), ('worse', 'Feeling worse'), ('sick', 'Ill'), ('away', 'Away'), ('work', 'Work'), ('practice', 'The practice had to'), ('mistake', 'Booked by mistake'), ('other', 'Other')], max_length=10)),
                ('from_starts_at', models.DateTimeField(blank=True, null=True)),
                ('from_ends_at', models.DateTimeField(blank=True, null=True)),
                ('from_held_until', models.DateTimeField(blank=True, help_text='Until when the time was only held, where the client had not said yes yet.', null=True)),
                ('version', models.PositiveIntegerField()),
                ('at', models.DateTimeField()),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='booking.appointment')),
                ('by', models.ForeignKey(blank=True, help_text='Empty: the client, by link.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('from_room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.room')),
                ('from_therapist', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [practice.constraints.AppendOnly(name='appointment_change_is_append_only')],
            },
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
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='appointmentlink_expires_after_it_was_made')],
            },
        ),
        migrations.AddIndex(
            model_name='bookinginvitation',
            index=models.Index(fields=['client', '-asked_at'], name='invitation_by_client'),
        ),
        migrations.AddConstraint(
            model_name='bookinglink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='bookinglink_expires_after_it_was_made'),
        ),
        migrations.AddConstraint(
            model_name='series',
            constraint=models.CheckConstraint(condition=models.Q(('weeks_apart__gte', 1), ('weeks_apart__lte', 8)), name='series_repeats_every_1_to_8_weeks'),
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
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(condition=models.Q(('held_until__isnull', False)), fields=['held_until'], name='appointment_by_hold'),
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
            model_name='waitlistentry',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('client', 'service'), name='waitlist_has_a_client_once'),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.CheckConstraint(condition=models.Q(('weekdays__gte', 1), ('weekdays__lte', 127)), name='waitlist_wants_at_least_one_day'),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.CheckConstraint(condition=models.Q(('earliest__isnull', True), ('latest__isnull', True), ('latest__gt', models.F('earliest')), _connector='OR'), name='waitlist_times_are_in_order'),
        ),
        migrations.AddConstraint(
            model_name='waitlistoffer',
            constraint=models.UniqueConstraint(condition=models.Q(('answered_at__isnull', True)), fields=('entry',), name='waitlist_offer_is_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='waitlistoffer',
            constraint=models.UniqueConstraint(condition=models.Q(('answered_at__isnull', True)), fields=('freed',), name='waitlist_offer_goes_to_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='waitlistoffer',
            constraint=models.UniqueConstraint(fields=('entry', 'freed'), name='waitlist_offer_of_a_time_comes_once'),
        ),
        migrations.AddConstraint(
            model_name='waitlistoffer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at__isnull', True)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='waitlist_offer_answer_has_a_time'),
        ),
        migrations.AddConstraint(
            model_name='waitlistoffer',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('offered_at'))), name='waitlist_offer_expires_after_it_was_made'),
        ),
        migrations.AddConstraint(
            model_name='waitlistofferlink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='waitlistofferlink_expires_after_it_was_made'),
        ),
    ]
