import django.db.models.deletion
import phonenumber_field.modelfields
import practice.constraints
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_name', models.CharField(max_length=80)),
                ('last_name', models.CharField(max_length=80)),
                ('born_on', models.DateField(blank=True, null=True, verbose_name='date of birth')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None)),
                ('email', models.EmailField(blank=True, help_text='May be shared in a family.', max_length=254, verbose_name='e-mail')),
                ('address', models.CharField(blank=True, max_length=300)),
                ('guardian_name', models.CharField(blank=True, max_length=160, verbose_name='parent or guardian')),
                ('guardian_phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None, verbose_name="guardian's phone")),
                ('wants_no_mail', models.BooleanField(default=False, verbose_name='no e-mail, please call')),
                ('email_failed_at', models.DateTimeField(blank=True, editable=False, help_text='A mail server said that this address takes no mail.', null=True)),
                ('desk_note', models.CharField(blank=True, help_text='For the desk: parking, preferred times. Nothing about health.', max_length=300)),
                ('search', models.TextField(default='', editable=False)),
                ('created_at', models.DateTimeField(editable=False)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Clearance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('clinician_name', models.CharField(max_length=160)),
                ('profession', models.CharField(max_length=80)),
                ('given_on', models.DateField()),
                ('note', models.TextField(help_text='What was agreed, and where the letter is.', max_length=2000)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clearances', to='clients.client')),
            ],
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(choices=[('treatment', 'Assessment and massage'), ('share_with_referrer', 'Report to the referring clinician'), ('sensitive_areas', 'Gluteal, groin and abdominal work')], max_length=24)),
                ('is_given', models.BooleanField()),
                ('wording_version', models.CharField(max_length=20)),
                ('signed_name', models.CharField(max_length=160)),
                ('is_by_guardian', models.BooleanField(default=False)),
                ('at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='clients.client')),
                ('taken_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Intake',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('requested_at', models.DateTimeField()),
                ('wants_mail', models.BooleanField(default=True)),
                ('mail_version', models.PositiveSmallIntegerField(default=1, help_text='Rises when the desk sends the link again.')),
                ('answers', models.JSONField(default=dict, help_text='Screening answers by key of the vocabulary.')),
                ('history', models.JSONField(default=dict, help_text='Words of the client by field of the history form.')),
                ('visited_groups', models.JSONField(default=list, help_text='Question groups seen and sent, in order.')),
                ('changed_answers', models.JSONField(default=list, help_text='Emergency answers taken back, and answers given anew on another device, while filling in: key, from, to, at.')),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intakes', to='clients.client')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('taken_by', models.ForeignKey(blank=True, help_text='The therapist who asked by phone or in person; empty when the client answered alone.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='IntakeLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('intake', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='clients.intake')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PainDrawing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('regions', models.JSONField(default=list)),
                ('lowest_level', models.CharField(blank=True, max_length=20)),
                ('drawn_at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, help_text='The therapist who took it; empty when the client marked it alone.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pain_drawings', to='clients.client')),
                ('intake', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pain_drawing', to='clients.intake')),
            ],
        ),
        migrations.CreateModel(
            name='Screening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answers', models.JSONField()),
                ('asked', models.JSONField(default=list, help_text='Keys of the items that were asked anew for this version.')),
                ('card', models.JSONField(default=dict, help_text='Results of the examination per test and side, with the angle.')),
                ('result', models.JSONField()),
                ('triage', models.CharField(choices=[('emergency', 'Emergency'), ('urgent_referral', 'Urgent medical review'), ('incomplete', 'Not complete'), ('routine_referral', 'Refer'), ('treat', 'Treat')], max_length=20)),
                ('pattern', models.CharField(choices=[('radicular', 'More like nerve-root irritation'), ('deep_gluteal', 'More like deep buttock-nerve irritation'), ('myofascial', 'More like muscle-referred pain'), ('sacroiliac', 'More like sacroiliac-related pain'), ('mixed_or_unclear', 'Mixed or unclear'), ('insufficient_data', 'Not enough answered'), ('not_applicable', 'Not applicable')], max_length=20)),
                ('rules_version', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='screenings', to='clients.client')),
                ('intake', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='screenings', to='clients.intake')),
                ('supersedes', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='clients.screening')),
            ],
        ),
        migrations.CreateModel(
            name='Overruling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('overruled', models.CharField(choices=[('radicular', 'More like nerve-root irritation'), ('deep_gluteal', 'More like deep buttock-nerve irritation'), ('myofascial', 'More like muscle-referred pain'), ('sacroiliac', 'More like sacroiliac-related pain'), ('mixed_or_unclear', 'Mixed or unclear'), ('insufficient_data', 'Not enough answered'), ('not_applicable', 'Not applicable')], max_length=20)),
                ('pattern', models.CharField(choices=[('radicular', 'More like nerve-root irritation'), ('deep_gluteal', 'More like deep buttock-nerve irritation'), ('myofascial', 'More like muscle-referred pain'), ('sacroiliac', 'More like sacroiliac-related pain'), ('mixed_or_unclear', 'Mixed or unclear'), ('insufficient_data', 'Not enough answered'), ('not_applicable', 'Not applicable')], max_length=20)),
                ('reason', models.TextField(max_length=1000)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='overrulings', to='clients.client')),
                ('screening', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='overrulings', to='clients.screening')),
            ],
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('screening_alert', 'Look at the screening now'), ('check_in_alert', 'Look at the check-in now'), ('call_client', 'Call the client'), ('intake_by_phone', 'Intake by phone or on the tablet'), ('adverse_event', 'Look at the adverse event')], max_length=20)),
                ('for_role', models.CharField(choices=[('therapist', 'Therapist'), ('front_desk', 'Front desk'), ('owner', 'Owner')], max_length=10)),
                ('subject', models.CharField(help_text='What it is about, so that one cause makes one task.', max_length=60)),
                ('due_at', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, max_length=300)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='clients.client')),
                ('done_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='TakenOn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='taken_on', to='clients.client')),
                ('therapist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.task')),
            ],
        ),
        migrations.AddIndex(
            model_name='client',
            index=models.Index(fields=['last_name', 'first_name', 'id'], name='client_by_name'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('phone', ''), _negated=True), models.Q(('email', ''), _negated=True), _connector='OR'), name='client_can_be_reached'),
        ),
        migrations.AddConstraint(
            model_name='clearance',
            constraint=practice.constraints.AppendOnly(name='clearance_is_append_only'),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(fields=['client', 'scope', '-at'], name='consent_newest_first'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=practice.constraints.AppendOnly(name='consent_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='intake',
            constraint=practice.constraints.FrozenWhen(condition=models.Q(('submitted_at__isnull', False)), name='intake_is_frozen_when_submitted', once='', via=''),
        ),
        migrations.AddConstraint(
            model_name='intake',
            constraint=models.UniqueConstraint(condition=models.Q(('submitted_at__isnull', True)), fields=('client',), name='intake_is_open_once_per_client'),
        ),
        migrations.AddConstraint(
            model_name='intakelink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='intakelink_expires_after_it_was_made'),
        ),
        migrations.AddConstraint(
            model_name='paindrawing',
            constraint=practice.constraints.AppendOnly(name='pain_drawing_is_append_only'),
        ),
        migrations.AddIndex(
            model_name='screening',
            index=models.Index(fields=['client', '-at', '-id'], name='screening_newest_first'),
        ),
        migrations.AddConstraint(
            model_name='screening',
            constraint=practice.constraints.AppendOnly(name='screening_is_append_only'),
        ),
        migrations.AddIndex(
            model_name='overruling',
            index=models.Index(fields=['client', '-at', '-id'], name='overruling_newest_first'),
        ),
        migrations.AddConstraint(
            model_name='overruling',
            constraint=practice.constraints.AppendOnly(name='overruling_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='overruling',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='overruling_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.UniqueConstraint(fields=('kind', 'subject'), name='task_has_one_cause'),
        ),
        migrations.AddConstraint(
            model_name='task',
            constraint=models.CheckConstraint(condition=models.Q(('done_at__isnull', False), ('done_by__isnull', True), _connector='OR'), name='task_done_by_comes_with_done_at'),
        ),
        migrations.AddConstraint(
            model_name='takenon',
            constraint=practice.constraints.AppendOnly(name='taken_on_is_append_only'),
        ),
    ]
