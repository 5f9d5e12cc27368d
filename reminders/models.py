"""Words sent on a clock: the outbox, and the check-ins that come back."""

from functools import reduce
from operator import or_

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from booking.models import OfClientQuerySet
from clients.models import Client, ClinicalQuerySet, sees_every_client
from practice.constraints import AppendOnly, FrozenWhen
from practice.links import Link

SUBJECTS = (
    "intake", "appointment", "series", "invitation", "offer", "plan", "check_in", "referral", "report", "task", "session",
)  # fmt: skip


class ReminderRuleQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Staff may know when mails go out; only owners change it."""
        return self if user.is_authenticated else self.none()


class ReminderRule(models.Model):
    """What an owner changed about one rule of `reminders.rules`; without a row its default holds."""

    key = models.CharField(max_length=24, unique=True)
    hours = models.PositiveSmallIntegerField(help_text="Hours before or after the rule's anchor.")
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ReminderRuleQuerySet.as_manager()

    def __str__(self):
        return f"rule {self.key}"


class OwnWords(models.Model):
    """A paragraph the practice adds to one kind of mail: where to park, which bell to ring."""

    kind = models.CharField(max_length=24, unique=True)
    text = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ReminderRuleQuerySet.as_manager()

    def __str__(self):
        return f"own words in {self.kind}"


class MailChoice(models.Model):
    """A client's yes or no to one topic of mails. The newest row holds; without one the answer is yes."""

    class Topic(models.TextChoices):
        REMINDERS = "reminders", "Reminders of visits and open questions"
        FOLLOW_UP = "follow_up", "How are you after a visit, and the home programme"
        RECALL = "recall", "Invitations to come again"
        OFFERS = "offers", "Offers of an earlier time"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="mail_choices")
    topic = models.CharField(max_length=10, choices=Topic)
    is_wanted = models.BooleanField()
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the client, by the link in a mail.",
    )

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="mail_choice_is_append_only")]
        indexes = [models.Index(fields=["client", "topic", "-at"], name="mail_choice_newest_first")]

    def __str__(self):
        return f"mail choice #{self.pk}"


class MessageQuerySet(models.QuerySet):
    def with_addressee(self):
        """Join what a list says of each mail: the client, the visit, and who else it went to."""
        return self.select_related(
            "client", "appointment", "reader", "referral__referrer", "report__referral__referrer"
        )

    def visible_to(self, user):
        """The outbox is the desk's and the owner's; a therapist sees mails to clients in their care."""
        if user.is_authenticated and sees_every_client(user):
            return self  # not one look-up per mail among a hundred thousand
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
        SERIES_BOOKED = "series_booked", "Visits booked together"
        SERIES_CANCELLED = "series_cancelled", "Visits cancelled together"
        FIRST_REMINDER = "first_reminder", "First reminder"
        SECOND_REMINDER = "second_reminder", "Second reminder"
        INTAKE_REMINDER = "intake_reminder", "Questions still open"
        NO_SHOW = "no_show", "We missed you"
        CHECK_IN_NUDGE = "check_in_nudge", "How are you? Asked once more"
        HOME_PROGRAMME = "home_programme", "Home programme"
        REASSESSMENT = "reassessment", "Time to look at it together"
        RECALL = "recall", "Invitation to come again"
        REFERRAL_RECEIVED = "referral_received", "Referral received"
        REFERRAL_SEEN = "referral_seen", "Referral: first visit done"
        REPORT_READY = "report_ready", "Report for the referrer"
        THERAPIST_ALERT = "therapist_alert", "Alert to the therapist"
        DAY_CHANGED = "day_changed", "A visit fell out or moved at short notice"
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
    series = models.ForeignKey("booking.Series", on_delete=models.PROTECT, null=True, related_name="messages")
    offer = models.ForeignKey("booking.WaitlistOffer", on_delete=models.PROTECT, null=True, related_name="messages")
    plan = models.ForeignKey("protocols.TreatmentPlan", on_delete=models.PROTECT, null=True, related_name="messages")
    check_in = models.ForeignKey("reminders.CheckIn", on_delete=models.PROTECT, null=True, related_name="messages")
    referral = models.ForeignKey("referrals.Referral", on_delete=models.PROTECT, null=True, related_name="messages")
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
    needed_by = models.DateTimeField(
        help_text="What is needed soonest leaves first: the start of the visit, the end of an offer."
    )
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
            models.Index(fields=["state", "needed_by", "id"], name="message_soonest_first"),
            models.Index(fields=["state", "due_at"], name="message_by_state"),
            models.Index(fields=["client", "-due_at"], name="message_by_client"),
            models.Index(fields=["-due_at", "-id"], name="message_newest_first"),
            models.Index(fields=["kind", "-due_at", "-id", "state"], name="message_by_kind"),
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
    def to_whom(self) -> str:
        """Who else than the client it goes to, in words; "" for the client. For lists: `with_addressee()`."""
        if self.report_id or self.referral_id:
            return (self.report.referral if self.report_id else self.referral).referrer.name
        if self.reader_id:
            return self.reader.name
        return "whoever is in charge" if self.task_id or self.session_id else ""

    @property
    def can_be_resent(self) -> bool:
        """Whether a person may ask for it again: not while it is on its way."""
        return self.state not in {self.State.DUE, self.State.CLAIMED, self.State.HANDOFF}


class ToldVisit(models.Model):
    """A visit that a mail about several told of, as it stood then. Written at hand-off, with the words."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="told_visits")
    appointment = models.ForeignKey("booking.Appointment", on_delete=models.PROTECT, related_name="told_with")
    version = models.PositiveIntegerField()
    is_cancelled = models.BooleanField(help_text="What it was told: that it is cancelled, or that it stands.")

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "appointment"], name="told_visit_once_per_message"),
        ]

    def __str__(self):
        return f"told visit #{self.pk}"


class CheckIn(models.Model):
    """Questions a day, and again some days, after a session, answered by link; the answer stands in the chart, unchanged."""

    class Step(models.IntegerChoices):
        FIRST = 1, "First"
        SECOND = 2, "Second"

    class LegSymptoms(models.TextChoices):
        BETTER = "better", "Better"
        SAME = "same", "About the same"
        WORSE = "worse", "Worse, or further down the leg"

    class WarningSign(models.TextChoices):
        NO = "no", "None of these"
        YES = "yes", "One or more of these"
        NOT_SURE = "not_sure", "Not sure"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="check_ins")
    session = models.ForeignKey(
        "treatment_sessions.TreatmentSession", on_delete=models.PROTECT, related_name="check_ins"
    )
    step = models.PositiveSmallIntegerField(choices=Step, default=Step.FIRST)
    due_at = models.DateTimeField()
    pain_now_nrs = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(10)])
    soreness_nrs = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(10)])
    leg_symptoms = models.CharField(max_length=6, choices=LegSymptoms, blank=True)
    warning_sign = models.CharField(max_length=8, choices=WarningSign, blank=True)
    comment = models.TextField(max_length=1000, blank=True)
    pain_drawing = models.OneToOneField(
        "clients.PainDrawing", on_delete=models.PROTECT, null=True, blank=True, related_name="check_in"
    )
    concerns = models.JSONField(
        default=list,
        help_text="What in the answer needs a person, by key of reminders.concerns, as judged when it came.",
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="check_in_is_frozen_when_answered", condition=Q(answered_at__isnull=False)),
            models.UniqueConstraint(fields=["session", "step"], name="check_in_is_asked_once_per_session_and_step"),
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
        """Whether a person must look at it."""
        return bool(self.concerns)


class CheckInLink(Link):
    """Opens one check-in, for its client."""

    check_in = models.ForeignKey(CheckIn, on_delete=models.CASCADE, related_name="links")

    of_client = "check_in__client"


class UnsubscribeLink(Link):
    """Stops one topic of mails, for the client who got one."""

    client = models.ForeignKey("clients.Client", on_delete=models.CASCADE, related_name="unsubscribe_links")
    topic = models.CharField(max_length=10, choices=MailChoice.Topic)

    of_client = "client"
