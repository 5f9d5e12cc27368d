import django.core.validators
import django.db.models.deletion
import practice.constraints
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('clients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Exercise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('source', models.CharField(help_text='Keys into docs/clinical-sources.md.', max_length=300)),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Its place in the reviewed text.')),
                ('is_active', models.BooleanField(default=True)),
                ('description', models.TextField()),
                ('dose', models.CharField(max_length=200)),
                ('stop_rule', models.CharField(max_length=300)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Protocol',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('source', models.CharField(help_text='Keys into docs/clinical-sources.md.', max_length=300)),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Its place in the reviewed text.')),
                ('is_active', models.BooleanField(default=True)),
                ('description', models.TextField()),
                ('for_whom', models.TextField()),
                ('not_for', models.TextField(help_text='One per line.')),
                ('evidence_grade', models.CharField(choices=[('low', 'Low: small trials, mixed or short-term results'), ('very_low', 'Very low: case reports, small trials and clinical teaching'), ('against', 'Guidelines advise against massage as the treatment; comfort care beside it only')], max_length=10)),
                ('evidence', models.TextField()),
                ('stop_rules', models.TextField(help_text='One per line.')),
                ('offered_for', models.CharField(blank=True, help_text='Screening patterns, separated by blanks.', max_length=200)),
                ('requires_clearance', models.BooleanField(default=False)),
                ('advice', models.CharField(blank=True, help_text='Keys of advice cards, separated by blanks.', max_length=300)),
                ('tests', models.CharField(blank=True, help_text='Keys of test cards, separated by blanks.', max_length=300)),
                ('planned_visits', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)])),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Technique',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('source', models.CharField(help_text='Keys into docs/clinical-sources.md.', max_length=300)),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Its place in the reviewed text.')),
                ('is_active', models.BooleanField(default=True)),
                ('short', models.CharField(blank=True, max_length=12)),
                ('description', models.TextField()),
                ('guidance', models.TextField(blank=True)),
                ('caution', models.TextField(blank=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Phase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60)),
                ('position', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=80)),
                ('first_visit', models.PositiveSmallIntegerField()),
                ('last_visit', models.PositiveSmallIntegerField()),
                ('frequency', models.CharField(max_length=80)),
                ('days_between', models.PositiveSmallIntegerField()),
                ('session_minutes', models.PositiveSmallIntegerField()),
                ('aims', models.TextField()),
                ('progress_when', models.TextField(help_text='One per line.')),
                ('caution', models.TextField()),
                ('exercises', models.ManyToManyField(blank=True, related_name='phases', to='protocols.exercise')),
                ('protocol', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='phases', to='protocols.protocol')),
            ],
        ),
        migrations.CreateModel(
            name='PhaseMuscle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('muscle', models.SlugField(max_length=40)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('minutes', models.PositiveSmallIntegerField()),
                ('pressure', models.PositiveSmallIntegerField(blank=True, help_text='Most pressure, 0–10 as felt.', null=True)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('phase', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='muscles', to='protocols.phase')),
                ('techniques', models.ManyToManyField(related_name='phase_muscles', to='protocols.technique')),
            ],
        ),
        migrations.CreateModel(
            name='TreatmentPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('left', 'Left'), ('right', 'Right'), ('both', 'Both')], max_length=5)),
                ('planned_visits', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)])),
                ('goal', models.CharField(help_text="In the client's words: what should be possible again.", max_length=300)),
                ('started_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closing_note', models.CharField(blank=True, max_length=300)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_plans', to='clients.client')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('protocol', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_plans', to='protocols.protocol')),
                ('screening', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_plans', to='clients.screening')),
                ('therapist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_plans', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='HomeReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('how_often', models.CharField(choices=[('not_at_all', 'Not at all'), ('some_days', 'Some days'), ('most_days', 'Most days'), ('every_day', 'Every day')], max_length=10)),
                ('at', models.DateTimeField()),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='home_reports', to='protocols.treatmentplan')),
            ],
        ),
        migrations.CreateModel(
            name='HomeProgrammeLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='home_links', to='protocols.treatmentplan')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='phase',
            constraint=models.UniqueConstraint(fields=('protocol', 'key'), name='phase_key_is_unique_in_its_protocol'),
        ),
        migrations.AddConstraint(
            model_name='phase',
            constraint=models.CheckConstraint(condition=models.Q(('last_visit__gte', models.F('first_visit'))), name='phase_visits_are_in_order'),
        ),
        migrations.AddConstraint(
            model_name='phasemuscle',
            constraint=models.UniqueConstraint(fields=('phase', 'muscle'), name='phase_names_a_muscle_once'),
        ),
        migrations.AddConstraint(
            model_name='treatmentplan',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('client',), name='treatment_plan_is_open_once_per_client'),
        ),
        migrations.AddConstraint(
            model_name='treatmentplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False)), _connector='OR'), name='treatment_plan_closed_at_and_closed_by_go_together'),
        ),
        migrations.AddIndex(
            model_name='homereport',
            index=models.Index(fields=['plan', '-at'], name='home_report_newest_first'),
        ),
        migrations.AddConstraint(
            model_name='homereport',
            constraint=practice.constraints.AppendOnly(name='home_report_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='homeprogrammelink',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='homeprogrammelink_expires_after_it_was_made'),
        ),
    ]
