import django.core.validators
import django.db.models.deletion
import practice.constraints
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('booking', '0001_initial'),
        ('clients', '0001_initial'),
        ('protocols', '0001_initial'),
        ('referrals', '0001_initial'),
        ('treatment_sessions', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CheckIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveSmallIntegerField(choices=[(1, 'First'), (2, 'Second')], default=1)),
                ('due_at', models.DateTimeField()),
                ('pain_now_nrs', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)])),
                ('soreness_nrs', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)])),
                ('leg_symptoms', models.CharField(blank=True, choices=[('better', 'Better'), ('same', 'About the same'), ('worse', 'Worse, or further down the leg')], max_length=6)),
                ('warning_sign', models.CharField(blank=True, choices=[('no', 'None of these'), ('yes', 'One or more of these'), ('not_sure', 'Not sure')], max_length=8)),
                ('comment', models.TextField(blank=True, max_length=1000)),
                ('concerns', models.JSONField(default=list, help_text='What in the answer needs a person, by key of reminders.concerns, as judged when it came.')),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='check_ins', to='clients.client')),
                ('pain_drawing', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='check_in', to='clients.paindrawing')),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='check_ins', to='treatment_sessions.treatmentsession')),
            ],
        ),
        migrations.CreateModel(
            name='CheckInLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('check_in', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='reminders.checkin')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='MailChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('topic', models.CharField(choices=[('reminders', 'Reminders of visits and open questions'), ('follow_up', 'How are you after a visit, and the home programme'), ('recall', 'Invitations to come again'), ('offers', 'Offers of an earlier time')], max_length=10)),
                ('is_wanted', models.BooleanField()),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, help_text='Empty: the client, by the link in a mail.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mail_choices', to='clients.client')),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('intake_link', 'Intake link'), ('booking_confirmation', 'Booking confirmation'), ('appointment_moved', 'Appointment moved'), ('appointment_cancelled', 'Appointment cancelled'), ('booking_held', 'Held until confirmed'), ('booking_link', 'Link to book'), ('waitlist_offer', 'A time has come free'), ('check_in', 'How are you after the visit?'), ('series_booked', 'Visits booked together'), ('series_cancelled', 'Visits cancelled together'), ('first_reminder', 'First reminder'), ('second_reminder', 'Second reminder'), ('intake_reminder', 'Questions still open'), ('no_show', 'We missed you'), ('check_in_nudge', 'How are you? Asked once more'), ('home_programme', 'Home programme'), ('reassessment', 'Time to look at it together'), ('recall', 'Invitation to come again'), ('referral_received', 'Referral received'), ('referral_seen', 'Referral: first visit done'), ('report_ready', 'Report for the referrer'), ('therapist_alert', 'Alert to the therapist'), ('day_changed', 'A visit fell out or moved at short notice'), ('unsigned_notes', 'A signature is missing')], max_length=24)),
                ('version', models.PositiveIntegerField(default=1)),
                ('due_at', models.DateTimeField()),
                ('needed_by', models.DateTimeField(help_text='What is needed soonest leaves first: the start of the visit, the end of an offer.')),
                ('state', models.CharField(choices=[('due', 'Waiting'), ('claimed', 'Being sent'), ('handoff', 'Handed to the mail server'), ('sent', 'Sent'), ('dropped', 'Not needed any more'), ('failed', 'Failed'), ('unknown', 'Perhaps sent')], default='due', max_length=8)),
                ('why', models.CharField(blank=True, max_length=120)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('handoffs', models.PositiveSmallIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('message_id', models.CharField(blank=True, max_length=120)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('appointment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='booking.appointment')),
                ('check_in', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='reminders.checkin')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='clients.client')),
                ('intake', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='clients.intake')),
                ('invitation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='booking.bookinginvitation')),
                ('offer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='booking.waitlistoffer')),
                ('plan', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='protocols.treatmentplan')),
                ('reader', models.ForeignKey(help_text="Whom it goes to: a chart's author, or about a client in nobody's care each therapist and owner. Else empty.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('referral', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='referrals.referral')),
                ('report', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='referrals.report')),
                ('series', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='booking.series')),
                ('session', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='treatment_sessions.treatmentsession')),
                ('task', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='clients.task')),
            ],
        ),
        migrations.CreateModel(
            name='OwnWords',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=24, unique=True)),
                ('text', models.CharField(blank=True, max_length=300)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ReminderRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=24, unique=True)),
                ('hours', models.PositiveSmallIntegerField(help_text="Hours before or after the rule's anchor.")),
                ('is_active', models.BooleanField(default=True)),
                ('changed_at', models.DateTimeField()),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ToldVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('is_cancelled', models.BooleanField(help_text='What it was told: that it is cancelled, or that it stands.')),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='told_with', to='booking.appointment')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='told_visits', to='reminders.message')),
            ],
        ),
        migrations.CreateModel(
            name='UnsubscribeLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('topic', models.CharField(choices=[('reminders', 'Reminders of visits and open questions'), ('follow_up', 'How are you after a visit, and the home programme'), ('recall', 'Invitations to come again'), ('offers', 'Offers of an earlier time')], max_length=10)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='unsubscribe_links', to='clients.client')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddIndex(
            model_name='checkin',
            index=models.Index(fields=['due_at'], name='check_in_by_time'),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=practice.constraints.FrozenWhen(condition=models.Q(('answered_at__isnull', False)), name='check_in_is_frozen_when_answered', once='', via=''),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=models.UniqueConstraint(fields=('session', 'step'), name='check_in_is_asked_once_per_session_and_step'),
        ),
        migrations.AddConstraint(
            model_name='checkinlink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='checkinlink_expires_after_it_was_made'),
        ),
        migrations.AddIndex(
            model_name='mailchoice',
            index=models.Index(fields=['client', 'topic', '-at'], name='mail_choice_newest_first'),
        ),
        migrations.AddConstraint(
            model_name='mailchoice',
            constraint=practice.constraints.AppendOnly(name='mail_choice_is_append_only'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['state', 'needed_by', 'id'], name='message_soonest_first'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['state', 'due_at'], name='message_by_state'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['client', '-due_at'], name='message_by_client'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['-due_at', '-id'], name='message_newest_first'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['kind', '-due_at', '-id', 'state'], name='message_by_kind'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('intake__isnull', False)), fields=('intake', 'kind', 'version'), name='message_once_per_intake'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('appointment__isnull', False)), fields=('appointment', 'kind', 'version'), name='message_once_per_appointment'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('series__isnull', False)), fields=('series', 'kind', 'version'), name='message_once_per_series'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('invitation__isnull', False)), fields=('invitation', 'kind', 'version'), name='message_once_per_invitation'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('offer__isnull', False)), fields=('offer', 'kind', 'version'), name='message_once_per_offer'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('plan__isnull', False)), fields=('plan', 'kind', 'version'), name='message_once_per_plan'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('check_in__isnull', False)), fields=('check_in', 'kind', 'version'), name='message_once_per_check_in'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('referral__isnull', False)), fields=('referral', 'kind', 'version'), name='message_once_per_referral'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('report__isnull', False)), fields=('report', 'kind', 'version'), name='message_once_per_report'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('reader__isnull', True), ('task__isnull', False)), fields=('task', 'kind', 'version'), name='message_once_per_task'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('reader__isnull', False)), fields=('task', 'kind', 'version', 'reader'), name='message_once_per_task_and_reader'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('session__isnull', False)), fields=('reader', 'kind', 'version'), name='message_once_per_author_and_day'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('intake__isnull', False), ('appointment__isnull', False), ('series__isnull', False), ('invitation__isnull', False), ('offer__isnull', False), ('plan__isnull', False), ('check_in__isnull', False), ('referral__isnull', False), ('report__isnull', False), ('task__isnull', False), ('session__isnull', False), _connector='OR'), name='message_has_a_subject'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('handoffs__lte', 2)), name='message_is_handed_off_at_most_twice'),
        ),
        migrations.AddConstraint(
            model_name='toldvisit',
            constraint=models.UniqueConstraint(fields=('message', 'appointment'), name='told_visit_once_per_message'),
        ),
        migrations.AddConstraint(
            model_name='unsubscribelink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='unsubscribelink_expires_after_it_was_made'),
        ),
    ]
