"""The practice itself: its settings, people, rooms, services, hours, and what was done by whom."""

from contextvars import ContextVar
from datetime import time, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from phonenumber_field.modelfields import PhoneNumberField

from practice import clock
from practice.constraints import AppendOnly
from practice.prepared import prepared
from practice.zones import validate_zone

practice_of_request: ContextVar["Practice | None"] = ContextVar("practice_of_request", default=None)


class PracticeQuerySet(models.QuerySet):
    def current(self):
        """The practice of this installation, or None before the first run. A request reads it once, as it begins."""
        return practice_of_request.get() or next(iter(_the_practice()), None)

    def visible_to(self, user):
        """Everybody who works here may see the practice's own data."""
        return self if user.is_authenticated else self.none()


class Practice(models.Model):
    """The one practice this installation serves, and the numbers it runs on."""

    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, validators=[validate_zone])
    address = models.CharField(max_length=300)
    phone = PhoneNumberField()
    email = models.EmailField(blank=True)
    emergency_number = models.CharField(max_length=20, help_text="What people dial in an emergency: 911, 999 or 112.")
    urgent_advice = models.CharField(
        max_length=300,
        blank=True,
        help_text="Where to go when it is urgent but not an emergency, for example: call NHS 111 or your doctor.",
    )
    slot_minutes = models.PositiveSmallIntegerField(
        default=15, validators=[MinValueValidator(5), MaxValueValidator(60)]
    )
    notice_minutes = models.PositiveSmallIntegerField(default=120)
    horizon_days = models.PositiveSmallIntegerField(default=90, validators=[MaxValueValidator(366)])
    change_window_hours = models.PositiveSmallIntegerField(
        default=24, help_text="Clients may cancel or move by link until this many hours before the visit."
    )
    offer_minutes = models.PositiveSmallIntegerField(
        default=120,
        validators=[MinValueValidator(5), MaxValueValidator(2880)],
        help_text="How long a freed time is held for the person on the waitlist it was offered to.",
    )
    same_day_offer_minutes = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(5), MaxValueValidator(480)], help_text="The same for a time of today."
    )
    is_online_booking_open = models.BooleanField(
        "online booking", default=True, help_text="Clients may book by themselves on the public page."
    )
    quiet_from = models.TimeField(
        default=time(21), help_text="From then on no reminder or follow-up goes out, by the practice's clock."
    )
    quiet_until = models.TimeField(default=time(8), help_text="From then on they do.")
    mail_down_since = models.DateTimeField(null=True, blank=True, editable=False)
    mail_next_try_at = models.DateTimeField(null=True, blank=True, editable=False)
    mail_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    mail_swept_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the outbox was last looked through, within a minute."
    )
    mail_slot_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the next mail may leave, by the machine's clock."
    )
    mail_held_because = models.CharField(max_length=200, blank=True, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = PracticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="practice_is_the_only_one"),
            models.CheckConstraint(
                condition=Q(slot_minutes__gte=5, slot_minutes__lte=60), name="practice_slot_is_5_to_60"
            ),
        ]

    def __str__(self):
        return "practice"


@prepared()
def _the_practice():
    return Practice.objects.order_by("pk")[:1]


class Role(models.TextChoices):
    """What a person does here. Roles are a set: a solo practice is all three in one."""

    OWNER = "owner", "Owner"
    THERAPIST = "therapist", "Therapist"
    FRONT_DESK = "front_desk", "Front desk"


class StaffQuerySet(models.QuerySet):
    def therapists(self):
        """People who treat and may be booked."""
        return self.filter(is_therapist=True, is_active=True)

    def visible_to(self, user):
        """Colleagues are known to each other; nobody else sees staff."""
        return self if user.is_authenticated else self.none()


class StaffManager(UserManager.from_queryset(StaffQuerySet)):
    """Adds the roles a superuser needs to satisfy the database."""

    def create_superuser(self, username, email=None, password=None, **extra_fields):
        """Create a superuser, who is an owner unless said otherwise."""
        extra_fields.setdefault("is_owner", True)
        return super().create_superuser(username, email, password, **extra_fields)


class User(AbstractUser):
    """A person who works here. At least one role, and only people with one may sign in."""

    is_owner = models.BooleanField("owner", default=False)
    is_therapist = models.BooleanField("therapist", default=False)
    is_front_desk = models.BooleanField("front desk", default=False)
    credential = models.CharField(max_length=80, blank=True, help_text="Licence or title, printed under signatures.")
    phone = PhoneNumberField(blank=True)
    colour = models.PositiveSmallIntegerField(default=0, help_text="Which of the board's eight column tints.")

    objects = StaffManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_owner=True) | Q(is_therapist=True) | Q(is_front_desk=True), name="user_has_a_role"
            ),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_is_their_own"),
        ]

    def __str__(self):
        return f"user #{self.pk}"

    @property
    def roles(self) -> frozenset[str]:
        """The person's roles, as the values of Role."""
        return frozenset(role.value for role in Role if getattr(self, f"is_{role.value}"))

    @property
    def name(self) -> str:
        """How colleagues and clients call this person."""
        return self.get_full_name() or self.username

    def therapist_ids(self):
        """Ids of the therapists in whose place this person may act: themself and those they cover now."""
        now = clock.now()
        covered = Cover.objects.filter(who=self, starts_at__lte=now, until__gt=now).values_list(
            "for_whom_id", flat=True
        )
        return [self.pk, *covered] if self.is_therapist else []


class CoverQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who covers whom is no secret among staff."""
        return self if user.is_authenticated else self.none()


class Cover(models.Model):
    """One therapist stands in for another until a moment; it opens the other's charts for that long."""

    who = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="covers")
    for_whom = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="covered_by")
    starts_at = models.DateTimeField()
    until = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = CoverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("starts_at")), name="cover_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(who=F("for_whom")), name="cover_is_for_someone_else"),
        ]

    def __str__(self):
        return f"cover #{self.pk}"


class RoomQuerySet(models.QuerySet):
    def active(self):
        """Rooms in use."""
        return self.filter(is_active=True)

    def visible_to(self, user):
        """Staff see rooms."""
        return self if user.is_authenticated else self.none()


class Room(models.Model):
    """A treatment room."""

    name = models.CharField(max_length=60, unique=True)
    is_active = models.BooleanField("in use", default=True)

    objects = RoomQuerySet.as_manager()

    def __str__(self):
        return self.name


class ServiceQuerySet(models.QuerySet):
    def active(self):
        """Services on offer."""
        return self.filter(is_active=True)

    def visible_to(self, user):
        """Staff see services."""
        return self if user.is_authenticated else self.none()


class Service(models.Model):
    """Something that can be booked: how long it takes, who gives it, whether it needs a room."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    duration_minutes = models.PositiveSmallIntegerField(validators=[MinValueValidator(5), MaxValueValidator(480)])
    buffer_before_minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(120)])
    buffer_after_minutes = models.PositiveSmallIntegerField(default=15, validators=[MaxValueValidator(120)])
    needs_room = models.BooleanField(default=True)
    is_first_visit = models.BooleanField("for first visits", default=False)
    is_online = models.BooleanField("bookable online", default=True)
    therapists = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="services", blank=True)
    rooms = models.ManyToManyField(
        Room, related_name="services", blank=True, help_text="None ticked: any room will do."
    )
    is_active = models.BooleanField("on offer", default=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5, duration_minutes__lte=480), name="service_lasts_5_to_480_minutes"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def duration(self) -> timedelta:
        """How long the visit itself lasts."""
        return timedelta(minutes=self.duration_minutes)


class WorkingHoursQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Staff see hours."""
        return self if user.is_authenticated else self.none()


class WorkingHours(models.Model):
    """A therapist works from `starts` to `ends`, wall-clock time of the practice, each `weekday` (Monday is 0)."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    starts = models.TimeField()
    ends = models.TimeField()
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True, help_text="Last day these hours hold.")

    objects = WorkingHoursQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "working hours"
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="working_hours_end_after_they_start"),
            models.CheckConstraint(condition=Q(weekday__gte=0, weekday__lte=6), name="working_hours_weekday_is_0_to_6"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_from__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="working_hours_validity_is_in_order",
            ),
        ]

    def __str__(self):
        return f"hours #{self.pk}"


class ClosureQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Staff see closures."""
        return self if user.is_authenticated else self.none()


class Closure(models.Model):
    """Time in which a therapist, a room, or (both empty) the whole practice is not to be booked: [starts_at, ends_at)."""

    therapist = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="closures"
    )
    room = models.ForeignKey(Room, on_delete=models.CASCADE, null=True, blank=True, related_name="closures")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)

    objects = ClosureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="closure_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(therapist__isnull=True) | Q(room__isnull=True), name="closure_is_of_one_thing"
            ),
        ]
        indexes = [models.Index(fields=["ends_at", "starts_at"], name="closure_by_time")]

    def __str__(self):
        return f"closure #{self.pk}"


class AuditEventQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Only owners read the audit."""
        return self if user.is_authenticated and user.is_owner else self.none()


class AuditEvent(models.Model):
    """Who did what to which row, or read whose chart, and when. Ids only, never changed, never deleted."""

    class Actor(models.TextChoices):
        STAFF = "staff", "Staff"
        CLIENT = "client", "Client by link"
        REFERRER = "referrer", "Referrer by link"
        SYSTEM = "system", "System"

    at = models.DateTimeField()
    actor = models.CharField(max_length=10, choices=Actor)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_events"
    )
    action = models.CharField(max_length=60)
    target_label = models.CharField(max_length=60, blank=True)
    target_id = models.BigIntegerField(null=True, blank=True)
    about_client_id = models.BigIntegerField(null=True, blank=True)
    page = models.CharField(max_length=60, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        constraints = [
            AppendOnly(name="audit_event_is_append_only"),
            models.CheckConstraint(
                condition=Q(actor="staff", by__isnull=False) | (~Q(actor="staff") & Q(by__isnull=True)),
                name="audit_event_names_its_staff",
            ),
        ]
        indexes = [
            models.Index(fields=["about_client_id", "at"], name="audit_by_client"),
            models.Index(fields=["by", "at"], name="audit_by_person"),
        ]

    def __str__(self):
        return f"audit #{self.pk} {self.action}"


class IdempotencyKey(models.Model):
    """The result of a form already acted on, so that a double click or a retry gives the same answer."""

    key = models.UUIDField(primary_key=True)
    purpose = models.CharField(max_length=40)
    body_hash = models.CharField(max_length=64)
    result_id = models.BigIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_by_age")]

    def __str__(self):
        return f"{self.purpose} {self.key}"
