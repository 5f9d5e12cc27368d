"""What happened on the table. The note is the TreatmentSession with its findings; signing freezes all of it."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from clients.models import Client, ClinicalQuerySet, among
from practice.constraints import AppendOnly, FrozenWhen

SIGNED = Q(signed_at__isnull=False)
NRS = [MaxValueValidator(10)]


def _nrs(**options):
    """A numeric rating scale, 0 (none) to 10 (worst imaginable); empty means not asked."""
    return models.PositiveSmallIntegerField(null=True, blank=True, validators=NRS, **options)


def _within(field: str, top: int) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": top})


class TreatmentSessionQuerySet(ClinicalQuerySet):
    def signed(self):
        """Sessions that are frozen."""
        return self.filter(SIGNED)

    def unsigned(self):
        """Drafts that wait for their author."""
        return self.filter(~SIGNED)

    def waiting_for(self, therapist):
        """Drafts that `therapist` still has to sign, the oldest first."""
        return self.unsigned().filter(therapist=therapist).order_by("started_at", "pk")

    def newest_first(self):
        """The latest visit first, by the appointment's own time."""
        return self.order_by("-appointment__starts_at", "-pk")


class TreatmentSession(models.Model):
    """One visit, charted and then signed by the therapist who gave it."""

    appointment = models.OneToOneField(
        "booking.Appointment", on_delete=models.PROTECT, related_name="treatment_session"
    )
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="treatment_sessions")
    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="treatment_sessions")
    plan = models.ForeignKey(
        "protocols.TreatmentPlan", on_delete=models.PROTECT, null=True, blank=True, related_name="treatment_sessions"
    )
    screening = models.ForeignKey("clients.Screening", on_delete=models.PROTECT, related_name="treatment_sessions")
    visit_number = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    pain_before_nrs = _nrs(verbose_name="pain before")
    pain_after_nrs = _nrs(verbose_name="pain after")
    subjective = models.TextField(max_length=5000, blank=True)
    objective = models.TextField(max_length=5000, blank=True)
    assessment = models.TextField(max_length=5000, blank=True)
    plan_text = models.TextField("plan", max_length=5000, blank=True)
    version = models.PositiveIntegerField(default=1)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_as = models.CharField(max_length=250, blank=True, help_text="Name and credential as they were on that day.")
    chain_position = models.PositiveBigIntegerField(null=True, blank=True, unique=True)
    content_hash = models.CharField(max_length=64, blank=True)
    chain_hash = models.CharField(max_length=64, blank=True)

    objects = TreatmentSessionQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="treatment_session_is_frozen_when_signed", condition=SIGNED),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signed_by__isnull=True, chain_position__isnull=True)
                | Q(signed_at__isnull=False, signed_by__isnull=False, chain_position__isnull=False),
                name="treatment_session_signed_at_and_signed_by_go_together",
            ),
            models.CheckConstraint(
                condition=_within("pain_before_nrs", 10) & _within("pain_after_nrs", 10),
                name="treatment_session_pain_is_0_to_10",
            ),
        ]
        indexes = [models.Index(fields=["client", "-started_at"], name="treatment_session_newest_first")]

    def __str__(self):
        return f"session #{self.pk}"

    def get_absolute_url(self):
        return reverse("sessions:session_detail", args=[self.pk])

    @property
    def is_signed(self) -> bool:
        """Whether it can no longer change."""
        return self.signed_at is not None

    @property
    def booked_minutes(self) -> int:
        """How long the visit was booked for."""
        return int((self.appointment.ends_at - self.appointment.starts_at).total_seconds() // 60)


class SessionPartQuerySet(models.QuerySet):
    """For rows that belong to a session."""

    def visible_to(self, user):
        """Rows of the charts `user` may read."""
        return self.filter(among(Client.objects.charts_visible_to(user), "session__client_id"))


class Side(models.TextChoices):
    """Sides of the body."""

    LEFT = "left", "Left"
    RIGHT = "right", "Right"


class MuscleFinding(models.Model):
    """One muscle on one side in one session: what was felt, what was done, for how long, and what changed."""

    class Response(models.TextChoices):
        EASED = "eased", "Eased"
        UNCHANGED = "unchanged", "Unchanged"
        SORE = "sore", "Sore"

    session = models.ForeignKey(TreatmentSession, on_delete=models.CASCADE, related_name="findings")
    muscle = models.SlugField(max_length=40)
    side = models.CharField(max_length=5, choices=Side)
    tone = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(4)])
    tenderness = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(4)])
    has_trigger_point = models.BooleanField("trigger point", null=True, blank=True)
    is_familiar_pain = models.BooleanField("gives the familiar pain", null=True, blank=True)
    refers_to = models.CharField(max_length=120, blank=True)
    pressure = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(10)])
    minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(240)])
    response = models.CharField(max_length=10, choices=Response, blank=True)

    objects = SessionPartQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="muscle_finding_is_frozen_when_signed", condition=SIGNED, via="session"),
            models.UniqueConstraint(fields=["session", "muscle", "side"], name="muscle_finding_once_per_side"),
            models.CheckConstraint(
                condition=_within("tone", 4) & _within("tenderness", 4) & _within("pressure", 10) & Q(minutes__lte=240),
                name="muscle_finding_is_in_range",
            ),
        ]

    def __str__(self):
        return f"finding #{self.pk}"


class FindingTechnique(models.Model):
    """A technique used on a muscle in a session."""

    finding = models.ForeignKey(MuscleFinding, on_delete=models.CASCADE, related_name="used_techniques")
    technique = models.ForeignKey("protocols.Technique", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            FrozenWhen(name="finding_technique_is_frozen_when_signed", condition=SIGNED, via="finding__session"),
            models.UniqueConstraint(fields=["finding", "technique"], name="finding_technique_once"),
        ]

    def __str__(self):
        return f"finding technique #{self.pk}"


class TestResult(models.Model):
    """One examination test on one side, before or after the work."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    class Moment(models.TextChoices):
        BEFORE = "before", "Before"
        AFTER = "after", "After"

    class Result(models.TextChoices):
        POSITIVE = "positive", "Positive"
        NEGATIVE = "negative", "Negative"

    session = models.ForeignKey(TreatmentSession, on_delete=models.CASCADE, related_name="test_results")
    test = models.SlugField(max_length=40)
    side = models.CharField(max_length=5, choices=Side)
    moment = models.CharField(max_length=6, choices=Moment)
    result = models.CharField(max_length=8, choices=Result)
    angle_deg = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MaxValueValidator(180)])

    objects = SessionPartQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="test_result_is_frozen_when_signed", condition=SIGNED, via="session"),
            models.UniqueConstraint(fields=["session", "test", "side", "moment"], name="test_result_once_per_moment"),
        ]

    def __str__(self):
        return f"test result #{self.pk}"


class OutcomeScore(models.Model):
    """One measured value of one client, whoever asked: intake, a session or a check-in. Never changed."""

    class Measure(models.TextChoices):
        PAIN_NOW = "pain_now", "Pain now (NRS 0–10)"
        PAIN_BEFORE = "pain_before", "Pain before the session (NRS 0–10)"
        PAIN_AFTER = "pain_after", "Pain after the session (NRS 0–10)"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="outcome_scores")
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="outcome_scores"
    )
    measure = models.CharField(max_length=20, choices=Measure)
    score = models.DecimalField(max_digits=5, decimal_places=1)
    measured_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [
            AppendOnly(name="outcome_score_is_append_only"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=10), name="outcome_score_is_0_to_10"),
        ]
        indexes = [models.Index(fields=["client", "measure", "measured_at"], name="outcome_score_by_time")]

    def __str__(self):
        return f"score #{self.pk}"


class Amendment(models.Model):
    """A later word on a signed session; the original stays as it was."""

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="amendments")
    text = models.TextField(max_length=5000)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_as = models.CharField(max_length=250, help_text="Name and credential as they were on that day.")
    chain_position = models.PositiveBigIntegerField(unique=True)
    content_hash = models.CharField(max_length=64)
    chain_hash = models.CharField(max_length=64)

    objects = SessionPartQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="amendment_is_append_only")]

    def __str__(self):
        return f"amendment #{self.pk}"


class AdverseEvent(models.Model):
    """Something that went wrong, as recorded when it was known."""

    class Severity(models.TextChoices):
        MILD = "mild", "Mild: gone within a day"
        MODERATE = "moderate", "Moderate: lasted longer or needed advice"
        SEVERE = "severe", "Severe: needed medical care"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="adverse_events")
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="adverse_events"
    )
    happened_on = models.DateField()
    technique = models.CharField(max_length=120, blank=True)
    site = models.CharField(max_length=120)
    severity = models.CharField(max_length=10, choices=Severity)
    description = models.TextField(max_length=2000)
    action_taken = models.TextField(max_length=2000)
    reported_to = models.CharField(max_length=160, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="adverse_event_is_append_only")]

    def __str__(self):
        return f"adverse event #{self.pk}"
