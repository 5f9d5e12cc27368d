"""What happened on the table. The note is the TreatmentSession with its findings; signing freezes all of it."""

from datetime import datetime, timedelta
from functools import reduce
from operator import and_

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse

from clients.models import Client, ClinicalQuerySet, among
from practice.constraints import AppendOnly, FrozenWhen
from protocols.knowledge import KNOWLEDGE, MeasureCard, TestCard
from sessions.places import place_name

SIGNED = Q(signed_at__isnull=False)
UNSIGNED = Q(signed_at__isnull=True)
STANDING = Q(entered_in_error_at__isnull=True)
CLOSED = SIGNED | ~STANDING  # no longer changes, nor does anything that belongs to it
LATE_AFTER = timedelta(hours=24)  # after the visit: its signature is late, and a draft chases its author
NRS = [MaxValueValidator(10)]


def _nrs(**options):
    """A numeric rating scale, 0 (none) to 10 (worst imaginable); empty means not asked."""
    return models.PositiveSmallIntegerField(null=True, blank=True, validators=NRS, **options)


def _within(field: str, top: int) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lte": top})


class TreatmentSessionQuerySet(ClinicalQuerySet):
    def standing(self):
        """Sessions that count: all but those entered in error."""
        return self.filter(STANDING)

    def signed(self):
        """Standing sessions that are signed."""
        return self.filter(SIGNED, STANDING)

    def unsigned(self):
        """Standing drafts, which wait for their author."""
        return self.filter(UNSIGNED, STANDING)

    def overdue(self, now):
        """Standing drafts of visits that ended more than a day ago."""
        return self.unsigned().filter(appointment__ends_at__lt=now - LATE_AFTER)

    def waiting_for(self, therapist):
        """Drafts that `therapist` still has to sign, the oldest first."""
        return self.unsigned().filter(therapist=therapist).order_by("started_at", "pk")

    def newest_first(self):
        """The latest visit first, by the appointment's own time."""
        return self.order_by("-appointment__starts_at", "-pk")


class TreatmentSession(models.Model):
    """One visit, charted and then signed by the therapist who gave it."""

    appointment = models.ForeignKey("booking.Appointment", on_delete=models.PROTECT, related_name="treatment_sessions")
    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="treatment_sessions")
    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="treatment_sessions")
    plan = models.ForeignKey(
        "protocols.TreatmentPlan", on_delete=models.PROTECT, null=True, blank=True, related_name="treatment_sessions"
    )
    screening = models.ForeignKey("clients.Screening", on_delete=models.PROTECT, related_name="treatment_sessions")
    visit_number = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField()
    pain_before_nrs = _nrs(verbose_name="pain before")
    pain_back_nrs = _nrs(verbose_name="back before")
    pain_buttock_nrs = _nrs(verbose_name="buttock before")
    pain_leg_nrs = _nrs(verbose_name="leg before")
    pain_after_nrs = _nrs(verbose_name="pain after")
    subjective = models.TextField(max_length=5000, blank=True)
    objective = models.TextField(max_length=5000, blank=True)
    assessment = models.TextField(max_length=5000, blank=True)
    plan_text = models.TextField("plan", max_length=5000, blank=True)
    drafted = models.TextField(blank=True, help_text="Every sentence drafted from the entries, one per line.")
    version = models.PositiveIntegerField(default=1)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_as = models.CharField(max_length=250, blank=True, help_text="Name and credential as they were on that day.")
    chain_position = models.PositiveBigIntegerField(null=True, blank=True, unique=True)
    content_hash = models.CharField(max_length=64, blank=True)
    chain_hash = models.CharField(max_length=64, blank=True)
    entered_in_error_at = models.DateTimeField(
        null=True, blank=True, help_text="The amendment of that kind says why, and by whom."
    )

    objects = TreatmentSessionQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="treatment_session_is_frozen_when_signed", condition=CLOSED, once="entered_in_error_at"),
            models.UniqueConstraint(
                fields=["appointment"], condition=STANDING, name="treatment_session_stands_once_per_visit"
            ),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signed_by__isnull=True, chain_position__isnull=True)
                | Q(signed_at__isnull=False, signed_by__isnull=False, chain_position__isnull=False),
                name="treatment_session_signed_at_and_signed_by_go_together",
            ),
            models.CheckConstraint(
                condition=_within("pain_before_nrs", 10)
                & _within("pain_back_nrs", 10)
                & _within("pain_buttock_nrs", 10)
                & _within("pain_leg_nrs", 10)
                & _within("pain_after_nrs", 10),
                name="treatment_session_pain_is_0_to_10",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-started_at"], name="treatment_session_newest_first"),
            models.Index(fields=["therapist"], condition=UNSIGNED & STANDING, name="treatment_session_unsigned"),
        ]

    def __str__(self):
        return f"session #{self.pk}"

    def get_absolute_url(self):
        return reverse("sessions:session_detail", args=[self.pk])

    @property
    def is_signed(self) -> bool:
        """Whether it can no longer change."""
        return self.signed_at is not None

    @property
    def is_in_error(self) -> bool:
        """Whether it was entered in error: kept and readable, but part of nothing."""
        return self.entered_in_error_at is not None

    @property
    def is_closed(self) -> bool:
        """Whether it can no longer change: signed, or entered in error."""
        return self.is_signed or self.is_in_error

    @property
    def signature_due_at(self) -> datetime:
        """From when on a signature is late."""
        return self.appointment.ends_at + LATE_AFTER

    @property
    def booked_minutes(self) -> int:
        """How long the visit was booked for."""
        return int((self.appointment.ends_at - self.appointment.starts_at).total_seconds() // 60)


class SessionPartQuerySet(models.QuerySet):
    """For rows that belong to a session."""

    def standing(self):
        """Rows of sessions that count: all but those entered in error."""
        return self.filter(session__entered_in_error_at__isnull=True)

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
    # No index of its own: SQLite would walk every client's piriformis instead of this client's sessions.
    muscle = models.SlugField(max_length=40, db_index=False)
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
            FrozenWhen(name="muscle_finding_is_frozen_when_signed", condition=CLOSED, via="session"),
            models.UniqueConstraint(fields=["session", "muscle", "side"], name="muscle_finding_once_per_side"),
            models.CheckConstraint(
                condition=_within("tone", 4) & _within("tenderness", 4) & _within("pressure", 10) & Q(minutes__lte=240),
                name="muscle_finding_is_in_range",
            ),
        ]

    def __str__(self):
        return f"finding #{self.pk}"


class CopiedField(models.Model):
    """A value that was copied from an earlier visit and that nobody has touched or confirmed since. Gone = someone did."""

    session = models.ForeignKey(TreatmentSession, on_delete=models.CASCADE, related_name="copied_fields")
    source = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="+")
    spot = models.CharField(max_length=50, blank=True, help_text="Such as left:piriformis; empty for the words.")
    field = models.CharField(max_length=20)

    objects = SessionPartQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="copied_field_is_frozen_when_signed", condition=CLOSED, via="session"),
            models.UniqueConstraint(fields=["session", "spot", "field"], name="copied_field_once"),
        ]

    def __str__(self):
        return f"copied field #{self.pk}"


class FindingTechnique(models.Model):
    """A technique used on a muscle in a session."""

    finding = models.ForeignKey(MuscleFinding, on_delete=models.CASCADE, related_name="used_techniques")
    technique = models.ForeignKey("protocols.Technique", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            FrozenWhen(name="finding_technique_is_frozen_when_signed", condition=CLOSED, via="finding__session"),
            models.UniqueConstraint(fields=["finding", "technique"], name="finding_technique_once"),
        ]

    def __str__(self):
        return f"finding technique #{self.pk}"


WHOLE_BODY_TESTS = sorted(key for key, card in KNOWLEDGE.tests.items() if not card.by_side)
MEASURED_TESTS = [card for card in KNOWLEDGE.tests.values() if card.unit]
MOST_OF_ANY_TEST = max(card.unit_max for card in MEASURED_TESTS)


def _within_its_test(card: TestCard) -> Q:
    """A value, if there is one, lies within what that test can measure."""
    return ~Q(test=card.key) | _within("value", card.unit_max)


class TestResult(models.Model):
    """One examination test before or after the work, on one side or of the whole person: positive, negative or a value."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    class Moment(models.TextChoices):
        BEFORE = "before", "Before"
        AFTER = "after", "After"

    class Result(models.TextChoices):
        POSITIVE = "positive", "Positive"
        NEGATIVE = "negative", "Negative"

    session = models.ForeignKey(TreatmentSession, on_delete=models.CASCADE, related_name="test_results")
    test = models.SlugField(max_length=40)
    side = models.CharField(max_length=5, choices=Side, blank=True, help_text="Empty: a test of the whole person.")
    moment = models.CharField(max_length=6, choices=Moment)
    result = models.CharField(max_length=8, choices=Result, blank=True)
    value = models.PositiveSmallIntegerField(null=True, blank=True, help_text="In the test's own unit.")
    felt_where = models.CharField(max_length=120, blank=True)

    objects = SessionPartQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="test_result_is_frozen_when_signed", condition=CLOSED, via="session"),
            models.UniqueConstraint(fields=["session", "test", "side", "moment"], name="test_result_once_per_moment"),
            models.CheckConstraint(
                condition=Q(result__in=["positive", "negative"]) | Q(result="", value__isnull=False),
                name="test_result_says_something",
            ),
            models.CheckConstraint(
                condition=Q(side="", test__in=WHOLE_BODY_TESTS)
                | (Q(side__in=["left", "right"]) & ~Q(test__in=WHOLE_BODY_TESTS)),
                name="test_result_has_a_side_where_its_test_has_sides",
            ),
            models.CheckConstraint(
                condition=reduce(and_, map(_within_its_test, MEASURED_TESTS), _within("value", MOST_OF_ANY_TEST)),
                name="test_result_value_is_within_its_test",
            ),
        ]

    def __str__(self):
        return f"test result #{self.pk}"


# --- outcome measures


def _named(key: str) -> tuple[str, str]:
    return key, KNOWLEDGE.measures[key].name


def _range_of(card: MeasureCard) -> models.CheckConstraint:
    """The measure's own range, kept by the database. A struck-out row has no score."""
    return models.CheckConstraint(
        condition=~Q(measure=card.key) | Q(score__isnull=True) | Q(score__gte=card.least, score__lte=card.most),
        name=f"outcome_score_{card.key}_is_in_range",
    )


class OutcomeScoreQuerySet(ClinicalQuerySet):
    def holding(self):
        """Scores that are neither corrected by a later row nor struck out."""
        return self.filter(correction__isnull=True, score__isnull=False)

    def standing(self):
        """Scores that count: those that hold, but for what was written in a session entered in error.

        A check-in's score hangs on its session and stays: it is the client's own word.
        """
        in_error = Q(session__entered_in_error_at__isnull=False) & ~Q(measure=OutcomeScore.Measure.PAIN_NOW)
        return self.holding().exclude(in_error)

    def comparable(self):
        """Standing scores that may be set against each other: of the PSFS, those of the activities named last."""
        newest = FunctionalActivity.objects.filter(client=OuterRef("client")).order_by("-named_at")
        rated = ActivityRating.objects.filter(score=OuterRef("pk")).values("activity__named_at")
        return (
            self.standing()
            .annotate(named_last=Subquery(newest.values("named_at")[:1]), rated_list=Subquery(rated[:1]))
            .filter(~Q(measure="psfs") | Q(rated_list=F("named_last")))
        )

    def oldest_first(self):
        """In the order of measuring."""
        return self.order_by("measured_at", "pk")


class OutcomeScore(models.Model):
    """One measured value of one client, whoever asked: intake, a session or a check-in. Never changed.

    A wrong one is answered by a row that corrects it: with the right score, or without one (entered in error).
    """

    class Measure(models.TextChoices):
        PAIN_BEFORE = _named("pain_before")
        NRS_BACK = _named("nrs_back")
        NRS_BUTTOCK = _named("nrs_buttock")
        NRS_LEG = _named("nrs_leg")
        PSFS = _named("psfs")
        RMDQ = _named("rmdq")
        GROC = _named("groc")
        ODI = _named("odi")
        LEFS = _named("lefs")
        START_BACK = _named("start_back")
        PROMIS_PI = _named("promis_pi")
        BOTHERSOMENESS = _named("bothersomeness")
        PAIN_AFTER = _named("pain_after")
        PAIN_NOW = _named("pain_now")

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="outcome_scores")
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="outcome_scores"
    )
    measure = models.CharField(max_length=20, choices=Measure)
    score = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    measured_at = models.DateTimeField()
    since_on = models.DateField(null=True, blank=True, help_text="The day a rating of change compares with.")
    answers = models.JSONField(null=True, blank=True, help_text="A frozen document: the statements that were ticked.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the client, by link.",
    )
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="correction", help_text="The wrong row."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why the other row was wrong.")

    objects = OutcomeScoreQuerySet.as_manager()

    class Meta:
        constraints = [
            AppendOnly(name="outcome_score_is_append_only"),
            *(_range_of(card) for card in KNOWLEDGE.measures.values()),
            models.CheckConstraint(
                condition=Q(measure__in=list(KNOWLEDGE.measures)), name="outcome_score_is_of_a_known_measure"
            ),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True, reason="", score__isnull=False)
                | (Q(corrects__isnull=False) & ~Q(reason="")),
                name="outcome_score_is_left_out_only_to_correct_another_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(measure="groc", since_on__isnull=False) | (~Q(measure="groc") & Q(since_on__isnull=True)),
                name="outcome_score_of_change_says_since_when",
            ),
        ]
        indexes = [models.Index(fields=["client", "measure", "measured_at"], name="outcome_score_by_time")]

    def __str__(self):
        return f"score #{self.pk}"

    @property
    def card(self) -> MeasureCard:
        """The measure's own card."""
        return KNOWLEDGE.measures[self.measure]

    @property
    def is_of_a_session_in_error(self) -> bool:
        """Whether it counts nowhere, because the session it was written in was entered in error."""
        in_session = self.session is not None and self.measure != self.Measure.PAIN_NOW
        return in_session and self.session.is_in_error

    @property
    def is_corrected(self) -> bool:
        """Whether a later row answers this one. Fetch `correction` beside it."""
        return hasattr(self, "correction")


class FunctionalActivityQuerySet(ClinicalQuerySet):
    def standing(self):
        """The activities a client named last; a new list replaces the one before as a whole."""
        newest = self.model.objects.filter(client=OuterRef("client")).order_by("-named_at").values("named_at")[:1]
        return self.filter(named_at=Subquery(newest)).order_by("position")


class FunctionalActivity(models.Model):
    """Something a client cannot do as before, in their own words. Three to five named together are one list."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="functional_activities")
    position = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=120)
    named_at = models.DateTimeField(help_text="The same for the whole list.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = FunctionalActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "functional activities"
        constraints = [
            AppendOnly(name="functional_activity_is_append_only"),
            models.UniqueConstraint(
                fields=["client", "named_at", "position"], name="functional_activity_has_its_own_place"
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1, position__lte=5) & ~Q(words=""),
                name="functional_activity_is_one_of_five_with_words",
            ),
        ]

    def __str__(self):
        return f"activity #{self.pk}"


class ActivityRatingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Ratings of the charts `user` may read."""
        return self.filter(score__client__in=Client.objects.charts_visible_to(user).values("pk"))


class ActivityRating(models.Model):
    """How well one of the activities went, behind a score of the patient-specific scale. Never changed."""

    score = models.ForeignKey(OutcomeScore, on_delete=models.PROTECT, related_name="ratings")
    activity = models.ForeignKey(FunctionalActivity, on_delete=models.PROTECT, related_name="ratings")
    rating = models.PositiveSmallIntegerField(validators=NRS)

    objects = ActivityRatingQuerySet.as_manager()

    class Meta:
        constraints = [
            AppendOnly(name="activity_rating_is_append_only"),
            models.UniqueConstraint(fields=["score", "activity"], name="activity_rating_once_per_score"),
            models.CheckConstraint(condition=Q(rating__lte=10), name="activity_rating_is_0_to_10"),
        ]

    def __str__(self):
        return f"rating #{self.pk}"


class SnippetQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A therapist's own phrases and nobody else's."""
        return self.filter(author=user)

    def in_use(self):
        """Those that were not put away."""
        return self.filter(removed_at__isnull=True)


class Snippet(models.Model):
    """A phrase that a therapist writes often, for one of the texts of a chart. It is about nobody."""

    class Section(models.TextChoices):
        SUBJECTIVE = "subjective", "Subjective"
        OBJECTIVE = "objective", "Objective"
        ASSESSMENT = "assessment", "Assessment"
        PLAN_TEXT = "plan_text", "Plan"

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="snippets")
    section = models.CharField(max_length=10, choices=Section)
    words = models.CharField(max_length=300)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = SnippetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "section", "words"], name="snippet_once_per_section"),
        ]

    def __str__(self):
        return f"snippet #{self.pk}"


class Amendment(models.Model):
    """A later word on a session; the original stays as it was. One chain over all kinds."""

    class Kind(models.TextChoices):
        ADDENDUM = "addendum", "Addendum"
        CORRECTION = "correction", "Correction"
        LATE_ENTRY = "late_entry", "Late entry"
        ENTERED_IN_ERROR = "entered_in_error", "Entered in error"

    session = models.ForeignKey(TreatmentSession, on_delete=models.PROTECT, related_name="amendments")
    kind = models.CharField(max_length=16, choices=Kind)
    text = models.TextField(max_length=5000, blank=True, help_text="Empty only where the whole session is in error.")
    reason = models.CharField(max_length=200)
    happened_at = models.DateTimeField(null=True, blank=True, help_text="Of a late entry: when what it tells happened.")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_as = models.CharField(max_length=250, help_text="Name and credential as they were on that day.")
    chain_position = models.PositiveBigIntegerField(unique=True)
    content_hash = models.CharField(max_length=64)
    chain_hash = models.CharField(max_length=64)

    objects = SessionPartQuerySet.as_manager()

    class Meta:
        constraints = [
            AppendOnly(name="amendment_is_append_only"),
            models.UniqueConstraint(
                fields=["session"], condition=Q(kind="entered_in_error"), name="amendment_strikes_a_session_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="late_entry", happened_at__isnull=False)
                | (~Q(kind="late_entry") & Q(happened_at__isnull=True)),
                name="amendment_late_entry_says_when_it_happened",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & (Q(kind="entered_in_error") | ~Q(text="")), name="amendment_says_what_and_why"
            ),
        ]

    def __str__(self):
        return f"amendment #{self.pk}"


class AdverseEventQuerySet(ClinicalQuerySet):
    def latest_words(self):
        """Each event as it now reads: entries that a later one corrects are left out."""
        return self.filter(corrected_by__isnull=True)

    def standing(self):
        """Events that count: as they now read, those entered in error left out."""
        return self.latest_words().filter(is_in_error=False)

    def newest_first(self):
        """The latest event first, by the day it happened."""
        return self.order_by("-happened_on", "-pk")


class AdverseEvent(models.Model):
    """Something that went wrong, as recorded when it was known. A correction is a later entry that tells all of it anew."""

    class Severity(models.TextChoices):
        MILD = "mild", "Mild: gone within a day"
        MODERATE = "moderate", "Moderate: lasted longer or needed advice"
        SEVERE = "severe", "Severe: needed medical care"

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="adverse_events")
    session = models.ForeignKey(
        TreatmentSession, on_delete=models.PROTECT, null=True, blank=True, related_name="adverse_events"
    )
    happened_on = models.DateField()
    used_technique = models.ForeignKey(
        "protocols.Technique", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    technique = models.CharField(max_length=120, blank=True, help_text="In words, beside or instead of the list's.")
    spot = models.CharField(max_length=60, blank=True, help_text="Side and muscle or region: left:gluteus_maximus.")
    site = models.CharField(max_length=120, blank=True, help_text="In words, beside or instead of the list's.")
    severity = models.CharField(max_length=10, choices=Severity)
    description = models.TextField(max_length=2000)
    action_taken = models.TextField(max_length=2000)
    reported_to = models.CharField(max_length=160, blank=True)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why the entry it corrects was not right.")
    is_in_error = models.BooleanField("entered in error", default=False)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = AdverseEventQuerySet.as_manager()

    class Meta:
        constraints = [
            AppendOnly(name="adverse_event_is_append_only"),
            models.CheckConstraint(condition=~Q(spot="", site=""), name="adverse_event_says_where"),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True, reason="", is_in_error=False)
                | (Q(corrects__isnull=False) & ~Q(reason="")),
                name="adverse_event_correction_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-happened_on", "-id"], name="adverse_event_newest_first"),
            models.Index(fields=["-happened_on", "-id"], name="adverse_event_by_day"),
        ]

    def __str__(self):
        return f"adverse event #{self.pk}"

    def get_absolute_url(self):
        return reverse("sessions:adverse_event_detail", args=[self.pk])

    @property
    def place(self) -> str:
        """Where on the body, in words: the list's and those typed beside it."""
        return ", ".join(words for words in (place_name(self.spot), self.site) if words)

    @property
    def technique_words(self) -> str:
        """After which technique: the list's and the words typed beside it. Fetch with `used_technique`."""
        named = self.used_technique.name if self.used_technique_id else ""
        return ", ".join(words for words in (named, self.technique) if words)
