"""Words sent on a clock: the outbox, and the check-ins that come back."""

from functools import reduce
from operator import or_

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from clients.models import Client, ClinicalQuerySet
from practice.constraints import FrozenWhen
from practice.links import Link

SUBJECTS = ("intake", "appointment", "invitation", "offer", "check_in", "report", "task", "session")


class ReminderRule(models.Model):
    """When one kind of mail goes out, counted from its anchor; owners may change the hours or switch it off."""

    kind = models.CharField(max_length=24, unique=True)
    offset_hours = models.SmallIntegerField(help_text="Hours after the anchor; negative is before.")
    is_active = models.BooleanField(default=True)

    def __str__(self):
        return f"rule {self.kind}"


class MessageQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The outbox is the desk's and the owner's; a therapist sees mails to clients in their care."""
        return self.filter(client__in=Client.objects.visible_to(user).values("pk"))


class Message(models.Model):
    """One mail of the outbox: derived from a row, sent once. Its words are made at hand-off; here are only ids."""

    class Kind(models.TextChoices):
        INTAKE_LINK = "intake_link", "Intake link"
        BOOKING_CONFIRMATION = "booking_confirmation", "Booking confirmation"
        APPOINTMENT_MOVED = "appointment_moved", "Appointment moved"
        APPOINTMENT_CANCELLED = "appointment_cancelled", "Appointment cancelled"
        BOOKING_HELD = "booking_held", "Held until confirmed"
        BOOKING_LINK = "booking_link", "Link to book"
        WAITLIST_OFFER = "waitlist_offer", "A time has come free"
        CHECK_IN = "check_in", "How are you after the visit?"
        REPORT_READY = "report_ready", "Report for the referrer"
        THERAPIST_ALERT = "therapist_alert", "Alert to the therapist"
        UNSIGNED_NOTES = "unsigned_notes", "A signature is missing"

    class State(models.TextChoices):
        DUE = "due", "Waiting"
        CLAIMED = "claimed", "Being sent"
        HANDOFF = "handoff", "Handed to the mail server"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Not needed any more"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Perhaps sent"

    kind = models.CharField(max_length=24, choices=Kind)
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="messages")
    intake = models.ForeignKey("clients.Intake", on_delete=models.PROTECT, null=True, related_name="messages")
    appointment = models.ForeignKey("booking.Appointment", on_delete=models.PROTECT, null=True, related_name="messages")
    invitation = models.ForeignKey(
        "booking.BookingInvitation", on_delete=models.PROTECT, null=True, related_name="messages"
    )
    offer = models.ForeignKey("booking.WaitlistOffer", on_delete=models.PROTECT, null=True, related_name="messages")
    check_in = models.ForeignKey("reminders.CheckIn", on_delete=models.PROTECT, null=True, related_name="messages")
    report = models.ForeignKey("referrals.Report", on_delete=models.PROTECT, null=True, related_name="messages")
    task = models.ForeignKey("clients.Task", on_delete=models.PROTECT, null=True, related_name="messages")
    session = models.ForeignKey(
        "treatment_sessions.TreatmentSession", on_delete=models.PROTECT, null=True, related_name="messages"
    )
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Whom it goes to: a chart's author, or about a client in nobody's care each therapist and owner. Else empty.",
    )
    version = models.PositiveIntegerField(default=1)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.DUE)
    why = models.CharField(max_length=120, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    handoffs = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            *(
                models.UniqueConstraint(
                    fields=[subject, "kind", "version"],
                    condition=Q(**{f"{subject}__isnull": False}),
                    name=f"message_once_per_{subject}",
                )
                for subject in SUBJECTS
                if subject not in {"task", "session"}
            ),
            models.UniqueConstraint(
                fields=["task", "kind", "version"],
                condition=Q(task__isnull=False, reader__isnull=True),
                name="message_once_per_task",
            ),
            models.UniqueConstraint(
                fields=["task", "kind", "version", "reader"],
                condition=Q(reader__isnull=False),
                name="message_once_per_task_and_reader",
            ),
            # whose signature is missing is told once a day, however many charts wait: the version is the day
            models.UniqueConstraint(
                fields=["reader", "kind", "version"],
                condition=Q(session__isnull=False),
                name="message_once_per_author_and_day",
            ),
            models.CheckConstraint(
                condition=reduce(or_, (Q(**{f"{subject}__isnull": False}) for subject in SUBJECTS)),
                name="message_has_a_subject",
            ),
            models.CheckConstraint(condition=Q(handoffs__lte=2), name="message_is_handed_off_at_most_twice"),
        ]
        indexes = [
            # not partial: SQLite cannot prove a bound parameter and would walk through every mail ever sent
            models.Index(fields=["state", "due_at"], name="message_by_state"),
            models.Index(fields=["client", "-due_at"], name="message_by_client"),
        ]

    def __str__(self):
        return f"message #{self.pk} {self.kind}"

    @property
    def badge(self) -> str:
        """The state in the words of the badges."""
        return {"claimed": "sending", "handoff": "sending", "dropped": "skipped", "unknown": "unsure"}.get(
            self.state, self.state
        )

    @property
    def can_be_resent(self) -> bool:
        """Whether a person may ask for it again: not while it is on its way."""
        return self.state not in {self.State.DUE, self.State.CLAIMED, self.State.HANDOFF}


class CheckIn(models.Model):
    """Three questions the day after a session, answered by link; the answer stands in the chart, unchanged."""

    class LegSymptoms(models.TextChoices):
        BETTER = "better", "Better"
        SAME = "same", "About the same"
        WORSE = "worse", "Worse, or further down the leg"

    class WarningSign(models.TextChoices):
        NO = "no", "No"
        YES = "yes", "Yes"
        NOT_SURE = "not_sure", "Not sure"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="check_ins")
    session = models.OneToOneField(
        "treatment_sessions.TreatmentSession", on_delete=models.PROTECT, related_name="check_in"
    )
    due_at = models.DateTimeField()
    pain_now_nrs = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(10)])
    soreness_nrs = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(10)])
    leg_symptoms = models.CharField(max_length=6, choices=LegSymptoms, blank=True)
    warning_sign = models.CharField(max_length=8, choices=WarningSign, blank=True)
    comment = models.TextField(max_length=1000, blank=True)
    pain_drawing = models.OneToOneField(
        "clients.PainDrawing", on_delete=models.PROTECT, null=True, blank=True, related_name="check_in"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="check_in_is_frozen_when_answered", condition=Q(answered_at__isnull=False)),
        ]
        indexes = [models.Index(fields=["due_at"], name="check_in_by_time")]

    def __str__(self):
        return f"check-in #{self.pk}"

    @property
    def is_answered(self) -> bool:
        """Whether the client has answered."""
        return self.answered_at is not None

    @property
    def needs_attention(self) -> bool:
        """Whether a person must look at it: a warning sign (not sure counts as yes), or worse leg symptoms."""
        return self.warning_sign in {self.WarningSign.YES, self.WarningSign.NOT_SURE} or (
            self.leg_symptoms == self.LegSymptoms.WORSE
        )


class CheckInLink(Link):
    """Opens one check-in, for its client."""

    check_in = models.ForeignKey(CheckIn, on_delete=models.CASCADE, related_name="links")

    of_client = "check_in__client"
