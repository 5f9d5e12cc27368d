import datetime
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import phonenumber_field.modelfields
import practice.constraints
import practice.models
import practice.zones
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
            ],
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('is_owner', models.BooleanField(default=False, verbose_name='owner')),
                ('is_therapist', models.BooleanField(default=False, verbose_name='therapist')),
                ('is_front_desk', models.BooleanField(default=False, verbose_name='front desk')),
                ('credential', models.CharField(blank=True, help_text='Licence or title, printed under signatures.', max_length=80)),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None)),
                ('colour', models.PositiveSmallIntegerField(default=0, help_text="Which of the board's eight column tints.")),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            managers=[
                ('objects', practice.models.StaffManager()),
            ],
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('actor', models.CharField(choices=[('staff', 'Staff'), ('client', 'Client by link'), ('referrer', 'Referrer by link'), ('system', 'System')], max_length=10)),
                ('action', models.CharField(max_length=60)),
                ('target_label', models.CharField(blank=True, max_length=60)),
                ('target_id', models.BigIntegerField(blank=True, null=True)),
                ('about_client_id', models.BigIntegerField(blank=True, null=True)),
                ('page', models.CharField(blank=True, max_length=60)),
                ('request_id', models.CharField(blank=True, max_length=32)),
                ('detail', models.JSONField(blank=True, default=dict)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_events', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Cover',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('for_whom', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='covered_by', to=settings.AUTH_USER_MODEL)),
                ('who', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='covers', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('key', models.UUIDField(primary_key=True, serialize=False)),
                ('purpose', models.CharField(max_length=40)),
                ('body_hash', models.CharField(max_length=64)),
                ('result_id', models.BigIntegerField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='idempotency_key_by_age')],
            },
        ),
        migrations.CreateModel(
            name='Practice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('time_zone', models.CharField(max_length=64, validators=[practice.zones.validate_zone])),
                ('address', models.CharField(max_length=300)),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(max_length=128, region=None)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('emergency_number', models.CharField(help_text='What people dial in an emergency: 911, 999 or 112.', max_length=20)),
                ('urgent_advice', models.CharField(blank=True, help_text='Where to go when it is urgent but not an emergency, for example: call NHS 111 or your doctor.', max_length=300)),
                ('slot_minutes', models.PositiveSmallIntegerField(default=15, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(60)])),
                ('notice_minutes', models.PositiveSmallIntegerField(default=120)),
                ('horizon_days', models.PositiveSmallIntegerField(default=90, validators=[django.core.validators.MaxValueValidator(366)])),
                ('change_window_hours', models.PositiveSmallIntegerField(default=24, help_text='Clients may cancel or move by link until this many hours before the visit.')),
                ('offer_minutes', models.PositiveSmallIntegerField(default=120, help_text='How long a freed time is held for the person on the waitlist it was offered to.', validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(2880)])),
                ('same_day_offer_minutes', models.PositiveSmallIntegerField(default=30, help_text='The same for a time of today.', validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(480)])),
                ('is_online_booking_open', models.BooleanField(default=True, help_text='Clients may book by themselves on the public page.', verbose_name='online booking')),
                ('quiet_from', models.TimeField(default=datetime.time(21, 0), help_text="From then on no reminder or follow-up goes out, by the practice's clock.")),
                ('quiet_until', models.TimeField(default=datetime.time(8, 0), help_text='From then on they do.')),
                ('mail_down_since', models.DateTimeField(blank=True, editable=False, null=True)),
                ('mail_next_try_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('mail_failures', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('mail_swept_at', models.DateTimeField(blank=True, editable=False, help_text='When the outbox was last looked through, within a minute.', null=True)),
                ('mail_slot_at', models.DateTimeField(blank=True, editable=False, help_text="When the next mail may leave, by the machine's clock.", null=True)),
                ('mail_held_because', models.CharField(blank=True, editable=False, max_length=200)),
                ('is_demo', models.BooleanField(default=False, editable=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='practice_is_the_only_one'), models.CheckConstraint(condition=models.Q(('slot_minutes__gte', 5), ('slot_minutes__lte', 60)), name='practice_slot_is_5_to_60')],
            },
        ),
        migrations.CreateModel(
            name='Closure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, max_length=120)),
                ('therapist', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='closures', to=settings.AUTH_USER_MODEL)),
                ('room', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='closures', to='practice.room')),
            ],
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('slug', models.SlugField(unique=True)),
                ('duration_minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(480)])),
                ('buffer_before_minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(120)])),
                ('buffer_after_minutes', models.PositiveSmallIntegerField(default=15, validators=[django.core.validators.MaxValueValidator(120)])),
                ('needs_room', models.BooleanField(default=True)),
                ('is_first_visit', models.BooleanField(default=False, verbose_name='for first visits')),
                ('is_online', models.BooleanField(default=True, verbose_name='bookable online')),
                ('is_active', models.BooleanField(default=True, verbose_name='on offer')),
                ('rooms', models.ManyToManyField(blank=True, help_text='None ticked: any room will do.', related_name='services', to='practice.room')),
                ('therapists', models.ManyToManyField(blank=True, related_name='services', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='WorkingHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                ('starts', models.TimeField()),
                ('ends', models.TimeField()),
                ('valid_from', models.DateField(blank=True, null=True)),
                ('valid_to', models.DateField(blank=True, help_text='Last day these hours hold.', null=True)),
                ('therapist', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='working_hours', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'working hours',
            },
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('is_owner', True), ('is_therapist', True), ('is_front_desk', True), _connector='OR'), name='user_has_a_role'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='user_email_is_their_own'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['about_client_id', 'at'], name='audit_by_client'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['by', 'at'], name='audit_by_person'),
        ),
        migrations.AddConstraint(
            model_name='auditevent',
            constraint=practice.constraints.AppendOnly(name='audit_event_is_append_only'),
        ),
        migrations.AddConstraint(
            model_name='auditevent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('actor', 'staff'), ('by__isnull', False)), models.Q(models.Q(('actor', 'staff'), _negated=True), ('by__isnull', True)), _connector='OR'), name='audit_event_names_its_staff'),
        ),
        migrations.AddConstraint(
            model_name='cover',
            constraint=models.CheckConstraint(condition=models.Q(('until__gt', models.F('starts_at'))), name='cover_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='cover',
            constraint=models.CheckConstraint(condition=models.Q(('who', models.F('for_whom')), _negated=True), name='cover_is_for_someone_else'),
        ),
        migrations.AddIndex(
            model_name='closure',
            index=models.Index(fields=['ends_at', 'starts_at'], name='closure_by_time'),
        ),
        migrations.AddConstraint(
            model_name='closure',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='closure_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='closure',
            constraint=models.CheckConstraint(condition=models.Q(('therapist__isnull', True), ('room__isnull', True), _connector='OR'), name='closure_is_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='service',
            constraint=models.CheckConstraint(condition=models.Q(('duration_minutes__gte', 5), ('duration_minutes__lte', 480)), name='service_lasts_5_to_480_minutes'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('ends__gt', models.F('starts'))), name='working_hours_end_after_they_start'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('weekday__gte', 0), ('weekday__lte', 6)), name='working_hours_weekday_is_0_to_6'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_from__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='working_hours_validity_is_in_order'),
        ),
    ]
