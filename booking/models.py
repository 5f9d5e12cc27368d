"""Time promised: who is seen, by whom, where and when."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from clients.models import Client
from practice.constraints import AppendOnly, Later, NoOverlap
from practice.links import Link

LONGEST = timedelta(days=1)
OCCUPIES = ~Q(status="cancelled")


class AppointmentQuerySet(models.QuerySet):
    def live(self):
        """Appointments that occupy their time."""
        return self.filter(OCCUPIES)

    def overlapping(self, start, end):
        """Appointments that overlap the half-open interval [start, end)."""
        return self.filter(starts_at__lt=end, ends_at__gt=start, starts_at__gt=start - LONGEST)

    def upcoming(self, now):
        """Live appointments that have not started."""
        return self.live().filter(starts_at__gt=now)

    def visible_to(self, user):
        """All for desk and owner, who keep the book; a therapist sees own and covered ones."""
        if not user.is_authenticated:
            return self.none()
        if user.is_front_desk or user.is_owner:
            return self
        return self.filter(
            Q(therapist__in=user.therapist_ids())
            | Q(client__in=Client.objects.in_care_of(user.therapist_ids()).values("pk"))
        )


class Appointment(models.Model):
    """A promise of one therapist's time to one client. A move changes its times and leaves an AppointmentChange row."""

    class Status(models.TextChoices):
        HELD = "held", "Held"
        BOOKED = "booked", "Booked"
        CONFIRMED = "confirmed", "Confirmed"
        ARRIVED = "arrived", "Arrived"
        NO_SHOW = "no_show", "Did not come"
        CANCELLED = "cancelled", "Cancelled"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="appointments")
    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="appointments")
    service = models.ForeignKey("practice.Service", on_delete=models.PROTECT, related_name="appointments")
    room = models.ForeignKey(
        "practice.Room", on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    plan = models.ForeignKey(
        "protocols.TreatmentPlan", on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    held_until = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    note = models.CharField(max_length=200, blank=True, help_text="For the desk. Nothing about health.")
    booked_at = models.DateTimeField()
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointment_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=Later("starts_at", LONGEST)), name="appointment_lasts_at_most_a_day"
            ),
            models.CheckConstraint(
                condition=Q(status="held", held_until__isnull=False) | (~Q(status="held") & Q(held_until__isnull=True)),
                name="appointment_held_has_an_end",
            ),
            NoOverlap(
                name="appointment_therapist_is_free",
                key="therapist",
                start="starts_at",
                end="ends_at",
                condition=OCCUPIES,
            ),
            NoOverlap(
                name="appointment_room_is_free", key="room", start="starts_at", end="ends_at", condition=OCCUPIES
            ),
            NoOverlap(
                name="appointment_client_is_free", key="client", start="starts_at", end="ends_at", condition=OCCUPIES
            ),
        ]
        indexes = [
            models.Index(fields=["therapist", "starts_at"], name="appointment_by_therapist"),
            models.Index(fields=["room", "starts_at"], name="appointment_by_room"),
            models.Index(fields=["client", "starts_at"], name="appointment_by_client"),
            models.Index(fields=["starts_at"], name="appointment_by_time"),
        ]

    def __str__(self):
        return f"#{self.pk} {self.starts_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self):
        return reverse("booking:appointment_detail", args=[self.pk])

    @property
    def is_cancelled(self) -> bool:
        """Whether its time is free again."""
        return self.status == self.Status.CANCELLED


class AppointmentChange(models.Model):
    """What happened to an appointment: a move keeps the old times, a cancellation its reason. Never changed."""

    class Kind(models.TextChoices):
        MOVED = "moved", "Moved"
        CANCELLED = "cancelled", "Cancelled"
        CONFIRMED = "confirmed", "Confirmed"
        ARRIVED = "arrived", "Arrived"
        NO_SHOW = "no_show", "Did not come"
        REOPENED = "reopened", "Taken back"

    class Reason(models.TextChoices):
        BETTER = "better", "Feeling better"
        WORSE = "worse", "Feeling worse"
        SICK = "sick", "Ill"
        AWAY = "away", "Away"
        WORK = "work", "Work"
        PRACTICE = "practice", "The practice had to"
        OTHER = "other", "Other"

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    from_starts_at = models.DateTimeField(null=True, blank=True)
    from_therapist = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the client, by link.",
    )

    class Meta:
        constraints = [AppendOnly(name="appointment_change_is_append_only")]

    def __str__(self):
        return f"change #{self.pk} of appointment #{self.appointment_id}"


class WaitlistEntryQuerySet(models.QuerySet):
    def waiting(self, now):
        """People who still want an earlier time, first come first."""
        return self.filter(closed_at__isnull=True, expires_at__gt=now).order_by("created_at", "pk")

    def visible_to(self, user):
        """The desk's list; a therapist sees own clients on it."""
        return self.filter(client__in=Client.objects.visible_to(user).values("pk"))


class WaitlistEntry(models.Model):
    """A client who would come earlier, with whom and for what."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="waitlist_entries")
    service = models.ForeignKey("practice.Service", on_delete=models.PROTECT, related_name="+")
    therapist = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    wishes = models.CharField(max_length=200, blank=True, help_text="Days and times, in the client's words.")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = WaitlistEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "service"], condition=Q(closed_at__isnull=True), name="waitlist_has_a_client_once"
            ),
        ]

    def __str__(self):
        return f"waitlist #{self.pk}"


class AppointmentLink(Link):
    """Lets a client see, confirm and cancel one appointment until it starts."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="links")

    of_client = "appointment__client"
