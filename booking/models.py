"""Time promised: who is seen, by whom, where and when."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, FilteredRelation, Q
from django.urls import reverse

from clients.models import Client, in_care
from practice.constraints import AppendOnly, Later, NoOverlap
from practice.links import Link

LONGEST = timedelta(days=1)
OCCUPIES = ~Q(status="cancelled")
EVERY_DAY = 0b1111111
SHORT_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class OfClientQuerySet(models.QuerySet):
    """Rows of the book that belong to one client."""

    def visible_to(self, user):
        """Those of the clients this person may see."""
        return self.filter(client__in=Client.objects.visible_to(user).values("pk"))


class Series(models.Model):
    """Visits booked together, week after week. Each stands on its own: moving or cancelling one leaves the others."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="series")
    weeks_apart = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = OfClientQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.CheckConstraint(
                condition=Q(weeks_apart__gte=1, weeks_apart__lte=8), name="series_repeats_every_1_to_8_weeks"
            ),
        ]

    def __str__(self):
        return f"series #{self.pk}"


class AppointmentQuerySet(models.QuerySet):
    def with_chart(self):
        """Join each appointment's standing session as `charted`. By relation: charting stands to the right of this room."""
        stands = Q(treatment_sessions__entered_in_error_at__isnull=True)
        return self.alias(charted=FilteredRelation("treatment_sessions", condition=stands))

    def live(self):
        """Appointments that occupy their time."""
        return self.filter(OCCUPIES)

    def occupying(self, now):
        """Live appointments without those whose hold has lapsed: their time can be taken again."""
        return self.live().exclude(status="held", held_until__lte=now)

    def overlapping(self, start, end, *, since=None):
        """Appointments that overlap the half-open interval [start, end). `since` is `start - LONGEST`, if that is known."""
        return self.filter(starts_at__lt=end, ends_at__gt=start, starts_at__gt=since or start - LONGEST)

    def uncharted(self):
        """Appointments without a standing session."""
        return self.with_chart().filter(charted__isnull=True)

    def upcoming(self, now):
        """Live appointments that have not started."""
        return self.live().filter(starts_at__gt=now)

    def visible_to(self, user):
        """All for desk and owner, who keep the book; a therapist sees own and covered ones."""
        if not user.is_authenticated:
            return self.none()
        if user.is_front_desk or user.is_owner:
            return self
        therapists = user.therapist_ids()
        return self.filter(Q(therapist__in=therapists) | in_care("client_id", therapists))


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
    series = models.ForeignKey(
        "booking.Series", on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
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
            models.Index(fields=["held_until"], name="appointment_by_hold", condition=Q(held_until__isnull=False)),
        ]

    def __str__(self):
        return f"#{self.pk} {self.starts_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self):
        return reverse("booking:appointment_detail", args=[self.pk])

    @property
    def chart(self):
        """The visit's standing session, or None: one entered in error is not its chart. Prefetch `treatment_sessions`."""
        return next((row for row in self.treatment_sessions.all() if row.entered_in_error_at is None), None)

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
        ACCEPTED = "accepted", "Held time taken"
        LAPSED = "lapsed", "Held time not taken"

    class Reason(models.TextChoices):
        BETTER = "better", "Feeling better"
        WORSE = "worse", "Feeling worse"
        SICK = "sick", "Ill"
        AWAY = "away", "Away"
        WORK = "work", "Work"
        PRACTICE = "practice", "The practice had to"
        MISTAKE = "mistake", "Booked by mistake"
        OTHER = "other", "Other"

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.CharField(max_length=10, choices=Reason, blank=True)
    from_starts_at = models.DateTimeField(null=True, blank=True)
    from_ends_at = models.DateTimeField(null=True, blank=True)
    from_room = models.ForeignKey("practice.Room", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    from_therapist = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_held_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when the time was only held, where the client had not said yes yet."
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


class WaitlistEntryQuerySet(OfClientQuerySet):
    def waiting(self, now):
        """People who still want an earlier time, first come first."""
        return self.filter(closed_at__isnull=True, expires_at__gt=now).order_by("created_at", "pk")


class WaitlistEntry(models.Model):
    """A client who would come earlier, with whom and for what."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="waitlist_entries")
    service = models.ForeignKey("practice.Service", on_delete=models.PROTECT, related_name="+")
    therapist = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    weekdays = models.PositiveSmallIntegerField(
        default=EVERY_DAY, help_text="The days that suit, one bit each: Monday is 1, Tuesday 2, Sunday 64."
    )
    earliest = models.TimeField(null=True, blank=True, help_text="Not before this time of day.")
    latest = models.TimeField(null=True, blank=True, help_text="Over by this time of day.")
    wishes = models.CharField(max_length=200, blank=True, help_text="Whatever else, in the client's words.")
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
            models.CheckConstraint(
                condition=Q(weekdays__gte=1, weekdays__lte=EVERY_DAY), name="waitlist_wants_at_least_one_day"
            ),
            models.CheckConstraint(
                condition=Q(earliest__isnull=True) | Q(latest__isnull=True) | Q(latest__gt=F("earliest")),
                name="waitlist_times_are_in_order",
            ),
        ]

    def __str__(self):
        return f"waitlist #{self.pk}"

    @property
    def days_and_hours(self) -> str:
        """When it suits, in words: "Mon, Wed, from 09:00 to 12:00"; "any time" without a wish."""
        days = [day for number, day in enumerate(SHORT_DAYS) if self.weekdays >> number & 1]
        hours = f"from {self.earliest:%H:%M}" if self.earliest else ""
        hours += f"{' ' if hours else ''}to {self.latest:%H:%M}" if self.latest else ""
        said = [", ".join(days) if len(days) < len(SHORT_DAYS) else "", hours]
        return ", ".join(part for part in said if part) or "any time"


class WaitlistOfferQuerySet(models.QuerySet):
    def open(self):
        """Offers nobody has answered; their time is held until `expires_at`."""
        return self.filter(answered_at__isnull=True)

    def visible_to(self, user):
        """Those to the clients this person may see."""
        return self.filter(entry__client__in=Client.objects.visible_to(user).values("pk"))


class WaitlistOffer(models.Model):
    """A freed time held for one person on the waitlist: `appointment` is the held visit, `freed` the one cancelled."""

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", "Taken"
        DECLINED = "declined", "Not wanted"
        LAPSED = "lapsed", "No answer in time"
        WITHDRAWN = "withdrawn", "Taken back by the practice"

    entry = models.ForeignKey(WaitlistEntry, on_delete=models.PROTECT, related_name="offers")
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="offer")
    freed = models.ForeignKey(Appointment, on_delete=models.PROTECT, null=True, related_name="offers_of_its_time")
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = WaitlistOfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(answered_at__isnull=True), name="waitlist_offer_is_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["freed"], condition=Q(answered_at__isnull=True), name="waitlist_offer_goes_to_one_at_a_time"
            ),
            models.UniqueConstraint(fields=["entry", "freed"], name="waitlist_offer_of_a_time_comes_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="waitlist_offer_answer_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("offered_at")), name="waitlist_offer_expires_after_it_was_made"
            ),
        ]

    def __str__(self):
        return f"waitlist offer #{self.pk}"

    @property
    def client(self):
        """Whom the time is held for."""
        return self.entry.client


class BookingInvitation(models.Model):
    """A client asked for, or was sent, a link to book by themselves. The mail and its link are derived from it."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="booking_invitations")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the client, on the public page.",
    )

    objects = OfClientQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["client", "-asked_at"], name="invitation_by_client")]

    def __str__(self):
        return f"invitation #{self.pk}"


class CalendarFeedQuerySet(models.QuerySet):
    def live(self):
        """Feeds that still answer."""
        return self.filter(revoked_at__isnull=True)

    def visible_to(self, user):
        """A therapist's own; all for the owner, who can revoke them."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_owner else self.filter(therapist=user)


class CalendarFeed(models.Model):
    """A secret address under which a therapist's calendar program reads their visits. Only its hash is kept."""

    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="calendar_feeds")
    token_hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=60, help_text="Which calendar reads it, for example “my phone”.")
    has_names = models.BooleanField("with clients' names", default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    def __str__(self):
        return f"calendar feed #{self.pk}"


class BookingLink(Link):
    """Lets a known client book by themselves."""

    invitation = models.ForeignKey(BookingInvitation, on_delete=models.CASCADE, related_name="links")

    of_client = "invitation__client"


class WaitlistOfferLink(Link):
    """Lets a client take or decline the time held for them."""

    offer = models.ForeignKey(WaitlistOffer, on_delete=models.CASCADE, related_name="links")

    of_client = "offer__entry__client"


class AppointmentLink(Link):
    """Lets a client see, confirm, move and cancel one appointment until it starts."""

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="links")

    of_client = "appointment__client"
