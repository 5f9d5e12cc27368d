"""What to do about it: techniques, exercises, protocols in phases, and one client's plan."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from clients.models import ClinicalQuerySet
from practice.constraints import AppendOnly
from practice.links import Link


class KnowledgeQuerySet(models.QuerySet):
    def active(self):
        """Entries offered for new work."""
        return self.filter(is_active=True)

    def visible_to(self, user):
        """Knowledge is open to all staff."""
        return self if user.is_authenticated else self.none()


class Knowledge(models.Model):
    """An entry of the practice's knowledge, loaded from reviewed text by its key."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=300, help_text="Keys into docs/clinical-sources.md.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Its place in the reviewed text.")
    is_active = models.BooleanField(default=True)

    objects = KnowledgeQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self):
        return self.name


class Technique(Knowledge):
    """A way of working on a muscle."""

    short = models.CharField(max_length=12, blank=True)
    description = models.TextField()
    guidance = models.TextField(blank=True)
    caution = models.TextField(blank=True)


class Exercise(Knowledge):
    """Something the client does at home."""

    description = models.TextField()
    dose = models.CharField(max_length=200)
    stop_rule = models.CharField(max_length=300)


class Protocol(Knowledge):
    """A course of treatment in phases. A template the therapist adapts; its evidence is stated."""

    class EvidenceGrade(models.TextChoices):
        LOW = "low", "Low: small trials, mixed or short-term results"
        VERY_LOW = "very_low", "Very low: case reports, small trials and clinical teaching"
        AGAINST = "against", "Guidelines advise against massage as the treatment; comfort care beside it only"

    description = models.TextField()
    for_whom = models.TextField()
    not_for = models.TextField(help_text="One per line.")
    evidence_grade = models.CharField(max_length=10, choices=EvidenceGrade)
    evidence = models.TextField()
    stop_rules = models.TextField(help_text="One per line.")
    offered_for = models.CharField(max_length=200, blank=True, help_text="Screening patterns, separated by blanks.")
    requires_clearance = models.BooleanField(default=False)
    advice = models.CharField(max_length=300, blank=True, help_text="Keys of advice cards, separated by blanks.")
    tests = models.CharField(max_length=300, blank=True, help_text="Keys of test cards, separated by blanks.")
    planned_visits = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(60)])


class PhaseQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Knowledge is open to all staff."""
        return self if user.is_authenticated else self.none()


class Phase(models.Model):
    """One stretch of a protocol: from which visit to which, how long, what to do, when to go on or stop."""

    protocol = models.ForeignKey(Protocol, on_delete=models.CASCADE, related_name="phases")
    key = models.SlugField(max_length=60)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    first_visit = models.PositiveSmallIntegerField()
    last_visit = models.PositiveSmallIntegerField()
    frequency = models.CharField(max_length=80)
    days_between = models.PositiveSmallIntegerField()
    session_minutes = models.PositiveSmallIntegerField()
    aims = models.TextField()
    progress_when = models.TextField(help_text="One per line.")
    caution = models.TextField()
    exercises = models.ManyToManyField(Exercise, related_name="phases", blank=True)

    objects = PhaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["protocol", "key"], name="phase_key_is_unique_in_its_protocol"),
            models.CheckConstraint(
                condition=Q(last_visit__gte=models.F("first_visit")), name="phase_visits_are_in_order"
            ),
        ]

    def __str__(self):
        return f"phase #{self.pk}"


class PhaseMuscle(models.Model):
    """What a phase does to one muscle, and for how many minutes on the affected side."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="muscles")
    muscle = models.SlugField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)
    minutes = models.PositiveSmallIntegerField()
    pressure = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Most pressure, 0–10 as felt.")
    note = models.CharField(max_length=200, blank=True)
    techniques = models.ManyToManyField(Technique, related_name="phase_muscles")

    objects = PhaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["phase", "muscle"], name="phase_names_a_muscle_once"),
        ]

    def __str__(self):
        return f"phase muscle #{self.pk}"


class TreatmentPlanQuerySet(ClinicalQuerySet):
    def open(self):
        """Plans under way."""
        return self.filter(closed_at__isnull=True)


class TreatmentPlan(models.Model):
    """One client's course under one protocol, by one therapist."""

    class Side(models.TextChoices):
        LEFT = "left", "Left"
        RIGHT = "right", "Right"
        BOTH = "both", "Both"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="treatment_plans")
    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="treatment_plans")
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="treatment_plans")
    screening = models.ForeignKey("clients.Screening", on_delete=models.PROTECT, related_name="treatment_plans")
    side = models.CharField(max_length=5, choices=Side)
    planned_visits = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(60)])
    goal = models.CharField(max_length=300, help_text="In the client's words: what should be possible again.")
    started_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closing_note = models.CharField(max_length=300, blank=True)

    objects = TreatmentPlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(closed_at__isnull=True), name="treatment_plan_is_open_once_per_client"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="treatment_plan_closed_at_and_closed_by_go_together",
            ),
        ]

    def __str__(self):
        return f"plan #{self.pk}"

    def get_absolute_url(self):
        return reverse("protocols:plan_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether it is under way."""
        return self.closed_at is None

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides it works on: one, or both."""
        return ("left", "right") if self.side == self.Side.BOTH else (self.side,)


class HomeReportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What was said about plans of the charts `user` may read."""
        return self.filter(plan__in=TreatmentPlan.objects.visible_to(user).values("pk"))


class HomeReport(models.Model):
    """How often a client did the home programme since the visit before, in their own word. Rows are added, never changed."""

    class HowOften(models.TextChoices):
        NOT_AT_ALL = "not_at_all", "Not at all"
        SOME_DAYS = "some_days", "Some days"
        MOST_DAYS = "most_days", "Most days"
        EVERY_DAY = "every_day", "Every day"

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.PROTECT, related_name="home_reports")
    how_often = models.CharField(max_length=10, choices=HowOften)
    at = models.DateTimeField()

    objects = HomeReportQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="home_report_is_append_only")]
        indexes = [models.Index(fields=["plan", "-at"], name="home_report_newest_first")]

    def __str__(self):
        return f"home report #{self.pk}"


class HomeProgrammeLink(Link):
    """Shows a client what their plan asks of them at home, while it is under way."""

    plan = models.ForeignKey(TreatmentPlan, on_delete=models.CASCADE, related_name="home_links")

    of_client = "plan__client"
