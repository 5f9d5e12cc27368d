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
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MuscleFinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('muscle', models.SlugField(db_index=False, max_length=40)),
                ('side', models.CharField(choices=[('left', 'Left'), ('right', 'Right')], max_length=5)),
                ('tone', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(4)])),
                ('tenderness', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(4)])),
                ('has_trigger_point', models.BooleanField(blank=True, null=True, verbose_name='trigger point')),
                ('is_familiar_pain', models.BooleanField(blank=True, null=True, verbose_name='gives the familiar pain')),
                ('refers_to', models.CharField(blank=True, max_length=120)),
                ('pressure', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)])),
                ('minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(240)])),
                ('response', models.CharField(blank=True, choices=[('eased', 'Eased'), ('unchanged', 'Unchanged'), ('sore', 'Sore')], max_length=10)),
            ],
        ),
        migrations.CreateModel(
            name='FunctionalActivity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('words', models.CharField(max_length=120)),
                ('named_at', models.DateTimeField(help_text='The same for the whole list.')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='functional_activities', to='clients.client')),
            ],
            options={
                'verbose_name_plural': 'functional activities',
            },
        ),
        migrations.CreateModel(
            name='FindingTechnique',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('technique', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='protocols.technique')),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='used_techniques', to='treatment_sessions.musclefinding')),
            ],
        ),
        migrations.CreateModel(
            name='OutcomeScore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('measure', models.CharField(choices=[('pain_before', 'Pain before the session (NRS 0–10)'), ('nrs_back', 'Back pain (NRS 0–10)'), ('nrs_buttock', 'Buttock pain (NRS 0–10)'), ('nrs_leg', 'Leg pain (NRS 0–10)'), ('psfs', 'Patient-Specific Functional Scale (PSFS 0–10)'), ('rmdq', 'Roland-Morris Disability Questionnaire (RMDQ 0–24)'), ('groc', 'Global rating of change (GROC −5 to +5)'), ('odi', 'Oswestry Disability Index (ODI 0–100)'), ('lefs', 'Lower Extremity Functional Scale (LEFS 0–80)'), ('start_back', 'STarT Back, total (0–9)'), ('promis_pi', 'PROMIS Pain Interference (T-score)'), ('bothersomeness', 'Sciatica Bothersomeness Index (0–24)'), ('pain_after', 'Pain after the session (NRS 0–10)'), ('pain_now', 'Pain now (NRS 0–10)')], max_length=20)),
                ('score', models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True)),
                ('measured_at', models.DateTimeField()),
                ('since_on', models.DateField(blank=True, help_text='The day a rating of change compares with.', null=True)),
                ('answers', models.JSONField(blank=True, help_text='A frozen document: the statements that were ticked.', null=True)),
                ('reason', models.CharField(blank=True, help_text='Why the other row was wrong.', max_length=200)),
                ('by', models.ForeignKey(blank=True, help_text='Empty: the client, by link.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='outcome_scores', to='clients.client')),
                ('corrects', models.OneToOneField(blank=True, help_text='The wrong row.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='correction', to='treatment_sessions.outcomescore')),
            ],
        ),
        migrations.CreateModel(
            name='ActivityRating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rating', models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(10)])),
                ('activity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='treatment_sessions.functionalactivity')),
                ('score', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='treatment_sessions.outcomescore')),
            ],
        ),
        migrations.CreateModel(
            name='Snippet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('section', models.CharField(choices=[('subjective', 'Subjective'), ('objective', 'Objective'), ('assessment', 'Assessment'), ('plan_text', 'Plan')], max_length=10)),
                ('words', models.CharField(max_length=300)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='snippets', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='TreatmentSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visit_number', models.PositiveSmallIntegerField(default=1)),
                ('started_at', models.DateTimeField()),
                ('pain_before_nrs', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)], verbose_name='pain before')),
                ('pain_back_nrs', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)], verbose_name='back before')),
                ('pain_buttock_nrs', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)], verbose_name='buttock before')),
                ('pain_leg_nrs', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)], verbose_name='leg before')),
                ('pain_after_nrs', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(10)], verbose_name='pain after')),
                ('subjective', models.TextField(blank=True, max_length=5000)),
                ('objective', models.TextField(blank=True, max_length=5000)),
                ('assessment', models.TextField(blank=True, max_length=5000)),
                ('plan_text', models.TextField(blank=True, max_length=5000, verbose_name='plan')),
                ('drafted', models.TextField(blank=True, help_text='Every sentence drafted from the entries, one per line.')),
                ('version', models.PositiveIntegerField(default=1)),
                ('signed_at', models.DateTimeField(blank=True, null=True)),
                ('signed_as', models.CharField(blank=True, help_text='Name and credential as they were on that day.', max_length=250)),
                ('chain_position', models.PositiveBigIntegerField(blank=True, null=True, unique=True)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('chain_hash', models.CharField(blank=True, max_length=64)),
                ('entered_in_error_at', models.DateTimeField(blank=True, help_text='The amendment of that kind says why, and by whom.', null=True)),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_sessions', to='booking.appointment')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_sessions', to='clients.client')),
                ('plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='treatment_sessions', to='protocols.treatmentplan')),
                ('screening', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_sessions', to='clients.screening')),
                ('signed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('therapist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='treatment_sessions', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='TestResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('test', models.SlugField(max_length=40)),
                ('side', models.CharField(blank=True, choices=[('left', 'Left'), ('right', 'Right')], help_text='Empty: a test of the whole person.', max_length=5)),
                ('moment', models.CharField(choices=[('before', 'Before'), ('after', 'After')], max_length=6)),
                ('result', models.CharField(blank=True, choices=[('positive', 'Positive'), ('negative', 'Negative')], max_length=8)),
                ('value', models.PositiveSmallIntegerField(blank=True, help_text="In the test's own unit.", null=True)),
                ('felt_where', models.CharField(blank=True, max_length=120)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='test_results', to='treatment_sessions.treatmentsession')),
            ],
        ),
        migrations.AddField(
            model_name='outcomescore',
            name='session',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='outcome_scores', to='treatment_sessions.treatmentsession'),
        ),
        migrations.AddField(
            model_name='musclefinding',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='treatment_sessions.treatmentsession'),
        ),
        migrations.CreateModel(
            name='CopiedField',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('spot', models.CharField(blank=True, help_text='Such as left:piriformis; empty for the words.', max_length=50)),
                ('field', models.CharField(max_length=20)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='copied_fields', to='treatment_sessions.treatmentsession')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='treatment_sessions.treatmentsession')),
            ],
        ),
        migrations.CreateModel(
            name='Amendment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('addendum', 'Addendum'), ('correction', 'Correction'), ('late_entry', 'Late entry'), ('entered_in_error', 'Entered in error')], max_length=16)),
                ('text', models.TextField(blank=True, help_text='Empty only where the whole session is in error.', max_length=5000)),
                ('reason', models.CharField(max_length=200)),
                ('happened_at', models.DateTimeField(blank=True, help_text='Of a late entry: when what it tells happened.', null=True)),
                ('at', models.DateTimeField()),
                ('signed_as', models.CharField(help_text='Name and credential as they were on that day.', max_length=250)),
                ('chain_position', models.PositiveBigIntegerField(unique=True)),
                ('content_hash', models.CharField(max_length=64)),
                ('chain_hash', models.CharField(max_length=64)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='treatment_sessions.treatmentsession')),
            ],
        ),
        migrations.CreateModel(
            name='AdverseEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('happened_on', models.DateField()),
                ('technique', models.CharField(blank=True, help_text="In words, beside or instead of the list's.", max_length=120)),
                ('spot', models.CharField(blank=True, help_text='Side and muscle or region: left:gluteus_maximus.', max_length=60)),
                ('site', models.CharField(blank=True, help_text="In words, beside or instead of the list's.", max_length=120)),
                ('severity', models.CharField(choices=[('mild', 'Mild: gone within a day'), ('moderate', 'Moderate: lasted longer or needed advice'), ('severe', 'Severe: needed medical care')], max_length=10)),
                ('description', models.TextField(max_length=2000)),
                ('action_taken', models.TextField(max_length=2000)),
                ('reported_to', models.CharField(blank=True, max_length=160)),
                ('reason', models.CharField(blank=True, help_text='Why the entry it corrects was not right.', max_length=200)),
                ('is_in_error', models.BooleanField(default=False, verbose_name='entered in error')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adverse_events', to='clients.client')),
                ('corrects', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='treatment_sessions.adverseevent')),
                ('used_technique', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='protocols.technique')),
                ('session', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='adverse_events', to='treatment_sessions.treatmentsession')),
            ],
        ),
        migrations.AddConstraint(
            model_name='functionalactivity',
            constraint=practice.constraints.AppendOnly(name='functional_activity_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='functionalactivity',
            constraint=models.UniqueConstraint(fields=('client', 'named_at', 'position'), name='functional_activity_has_its_own_place'),
        ),
        migrations.AddConstraint(
            model_name='functionalactivity',
            constraint=models.CheckConstraint(condition=models.Q(('position__gte', 1), ('position__lte', 5), models.Q(('words', ''), _negated=True)), name='functional_activity_is_one_of_five_with_words'),
        ),
        migrations.AddConstraint(
            model_name='findingtechnique',
            constraint=practice.constraints.FrozenWhen(condition=models.Q(('signed_at__isnull', False), models.Q(('entered_in_error_at__isnull', True), _negated=True), _connector='OR'), name='finding_technique_is_frozen_when_signed', once='', via='finding__session'),
        ),
        migrations.AddConstraint(
            model_name='findingtechnique',
            constraint=models.UniqueConstraint(fields=('finding', 'technique'), name='finding_technique_once'),
        ),
        migrations.AddConstraint(
            model_name='activityrating',
            constraint=practice.constraints.AppendOnly(name='activity_rating_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='activityrating',
            constraint=models.UniqueConstraint(fields=('score', 'activity'), name='activity_rating_once_per_score'),
        ),
        migrations.AddConstraint(
            model_name='activityrating',
            constraint=models.CheckConstraint(condition=models.Q(('rating__lte', 10)), name='activity_rating_is_0_to_10'),
        ),
        migrations.AddConstraint(
            model_name='snippet',
            constraint=models.UniqueConstraint(fields=('author', 'section', 'words'), name='snippet_once_per_section'),
        ),
        migrations.AddIndex(
            model_name='treatmentsession',
            index=models.Index(fields=['client', '-started_at'], name='treatment_session_newest_first'),
        ),
        migrations.AddIndex(
            model_name='treatmentsession',
            index=models.Index(condition=models.Q(('signed_at__isnull', True), ('entered_in_error_at__isnull', True)), fields=['therapist'], name='treatment_session_unsigned'),
        ),
        migrations.AddConstraint(
            model_name='treatmentsession',
            constraint=practice.constraints.FrozenWhen(condition=models.Q(('signed_at__isnull', False), models.Q(('entered_in_error_at__isnull', True), _negated=True), _connector='OR'), name='treatment_session_is_frozen_when_signed', once='entered_in_error_at', via=''),
        ),
        migrations.AddConstraint(
            model_name='treatmentsession',
            constraint=models.UniqueConstraint(condition=models.Q(('entered_in_error_at__isnull', True)), fields=('appointment',), name='treatment_session_stands_once_per_visit'),
        ),
        migrations.AddConstraint(
            model_name='treatmentsession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('chain_position__isnull', True), ('signed_at__isnull', True), ('signed_by__isnull', True)), models.Q(('chain_position__isnull', False), ('signed_at__isnull', False), ('signed_by__isnull', False)), _connector='OR'), name='treatment_session_signed_at_and_signed_by_go_together'),
        ),
        migrations.AddConstraint(
            model_name='treatmentsession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('pain_before_nrs__isnull', True), ('pain_before_nrs__lte', 10), _connector='OR'), models.Q(('pain_back_nrs__isnull', True), ('pain_back_nrs__lte', 10), _connector='OR'), models.Q(('pain_buttock_nrs__isnull', True), ('pain_buttock_nrs__lte', 10), _connector='OR'), models.Q(('pain_leg_nrs__isnull', True), ('pain_leg_nrs__lte', 10), _connector='OR'), models.Q(('pain_after_nrs__isnull', True), ('pain_after_nrs__lte', 10), _connector='OR')), name='treatment_session_pain_is_0_to_10'),
        ),
        migrations.AddConstraint(
            model_name='testresult',
            constraint=practice.constraints.FrozenWhen(condition=models.Q(('signed_at__isnull', False), models.Q(('entered_in_error_at__isnull', True), _negated=True), _connector='OR'), name='test_result_is_frozen_when_signed', once='', via='session'),
        ),
        migrations.AddConstraint(
            model_name='testresult',
            constraint=models.UniqueConstraint(fields=('session', 'test', 'side', 'moment'), name='test_result_once_per_moment'),
        ),
        migrations.AddConstraint(
            model_name='testresult',
            constraint=models.CheckConstraint(condition=models.Q(('result__in', ['positive', 'negative']), models.Q(('result', ''), ('value__isnull', False)), _connector='OR'), name='test_result_says_something'),
        ),
        migrations.AddConstraint(
            model_name='testresult',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('side', ''), ('test__in', ['sij_provocation', 'sitting_tolerance'])), models.Q(('side__in', ['left', 'right']), models.Q(('test__in', ['sij_provocation', 'sitting_tolerance']), _negated=True)), _connector='OR'), name='test_result_has_a_side_where_its_test_has_sides'),
        ),
        migrations.AddConstraint(
            model_name='testresult',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('value__isnull', True), ('value__lte', 600), _connector='OR'), models.Q(models.Q(('test', 'slr'), _negated=True), ('value__isnull', True), ('value__lte', 90), _connector='OR'), models.Q(models.Q(('test', 'crossed_slr'), _negated=True), ('value__isnull', True), ('value__lte', 90), _connector='OR'), models.Q(models.Q(('test', 'thomas'), _negated=True), ('value__isnull', True), ('value__lte', 90), _connector='OR'), models.Q(models.Q(('test', 'hip_internal_rotation'), _negated=True), ('value__isnull', True), ('value__lte', 90), _connector='OR'), models.Q(models.Q(('test', 'sitting_tolerance'), _negated=True), ('value__isnull', True), ('value__lte', 600), _connector='OR')), name='test_result_value_is_within_its_test'),
        ),
        migrations.AddIndex(
            model_name='outcomescore',
            index=models.Index(fields=['client', 'measure', 'measured_at'], name='outcome_score_by_time'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=practice.constraints.AppendOnly(name='outcome_score_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'pain_before'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 10)), _connector='OR'), name='outcome_score_pain_before_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'nrs_back'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 10)), _connector='OR'), name='outcome_score_nrs_back_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'nrs_buttock'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 10)), _connector='OR'), name='outcome_score_nrs_buttock_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'nrs_leg'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 10)), _connector='OR'), name='outcome_score_nrs_leg_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'psfs'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 10)), _connector='OR'), name='outcome_score_psfs_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'rmdq'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 24)), _connector='OR'), name='outcome_score_rmdq_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'groc'), _negated=True), ('score__isnull', True), models.Q(('score__gte', -5), ('score__lte', 5)), _connector='OR'), name='outcome_score_groc_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'odi'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 100)), _connector='OR'), name='outcome_score_odi_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'lefs'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 80)), _connector='OR'), name='outcome_score_lefs_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'start_back'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 9)), _connector='OR'), name='outcome_score_start_back_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'promis_pi'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 20), ('score__lte', 90)), _connector='OR'), name='outcome_score_promis_pi_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'bothersomeness'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 24)), _connector='OR'), name='outcome_score_bothersomeness_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'pain_after'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 10)), _connector='OR'), name='outcome_score_pain_after_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'pain_now'), _negated=True), ('score__isnull', True), models.Q(('score__gte', 0), ('score__lte', 10)), _connector='OR'), name='outcome_score_pain_now_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(('measure__in', ['pain_before', 'nrs_back', 'nrs_buttock', 'nrs_leg', 'psfs', 'rmdq', 'groc', 'odi', 'lefs', 'start_back', 'promis_pi', 'bothersomeness', 'pain_after', 'pain_now'])), name='outcome_score_is_of_a_known_measure'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('corrects__isnull', True), ('reason', ''), ('score__isnull', False)), models.Q(('corrects__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='outcome_score_is_left_out_only_to_correct_another_with_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='outcomescore',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('measure', 'groc'), ('since_on__isnull', False)), models.Q(models.Q(('measure', 'groc'), _negated=True), ('since_on__isnull', True)), _connector='OR'), name='outcome_score_of_change_says_since_when'),
        ),
        migrations.AddConstraint(
            model_name='musclefinding',
            constraint=practice.constraints.FrozenWhen(condition=models.Q(('signed_at__isnull', False), models.Q(('entered_in_error_at__isnull', True), _negated=True), _connector='OR'), name='muscle_finding_is_frozen_when_signed', once='', via='session'),
        ),
        migrations.AddConstraint(
            model_name='musclefinding',
            constraint=models.UniqueConstraint(fields=('session', 'muscle', 'side'), name='muscle_finding_once_per_side'),
        ),
        migrations.AddConstraint(
            model_name='musclefinding',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('tone__isnull', True), ('tone__lte', 4), _connector='OR'), models.Q(('tenderness__isnull', True), ('tenderness__lte', 4), _connector='OR'), models.Q(('pressure__isnull', True), ('pressure__lte', 10), _connector='OR'), ('minutes__lte', 240)), name='muscle_finding_is_in_range'),
        ),
        migrations.AddConstraint(
            model_name='copiedfield',
            constraint=practice.constraints.FrozenWhen(condition=models.Q(('signed_at__isnull', False), models.Q(('entered_in_error_at__isnull', True), _negated=True), _connector='OR'), name='copied_field_is_frozen_when_signed', once='', via='session'),
        ),
        migrations.AddConstraint(
            model_name='copiedfield',
            constraint=models.UniqueConstraint(fields=('session', 'spot', 'field'), name='copied_field_once'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=practice.constraints.AppendOnly(name='amendment_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'entered_in_error')), fields=('session',), name='amendment_strikes_a_session_once'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('happened_at__isnull', False), ('kind', 'late_entry')), models.Q(models.Q(('kind', 'late_entry'), _negated=True), ('happened_at__isnull', True)), _connector='OR'), name='amendment_late_entry_says_when_it_happened'),
        ),
        migrations.AddConstraint(
            model_name='amendment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('kind', 'entered_in_error'), models.Q(('text', ''), _negated=True), _connector='OR')), name='amendment_says_what_and_why'),
        ),
        migrations.AddIndex(
            model_name='adverseevent',
            index=models.Index(fields=['client', '-happened_on', '-id'], name='adverse_event_newest_first'),
        ),
        migrations.AddIndex(
            model_name='adverseevent',
            index=models.Index(fields=['-happened_on', '-id'], name='adverse_event_by_day'),
        ),
        migrations.AddConstraint(
            model_name='adverseevent',
            constraint=practice.constraints.AppendOnly(name='adverse_event_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='adverseevent',
            constraint=models.CheckConstraint(condition=models.Q(('site', ''), ('spot', ''), _negated=True), name='adverse_event_says_where'),
        ),
        migrations.AddConstraint(
            model_name='adverseevent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('corrects__isnull', True), ('is_in_error', False), ('reason', '')), models.Q(('corrects__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='adverse_event_correction_has_a_reason'),
        ),
    ]
