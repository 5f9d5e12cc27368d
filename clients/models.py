"""Who is treated and what they told us."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from phonenumber_field.modelfields import PhoneNumberField

from anatomy.body import LEVEL_NAMES, spot_label, spots_of
from clients.folding import fold, folded_words
from practice.constraints import AppendOnly, FrozenWhen
from practice.links import Link, LinkQuerySet

# Relations of later rooms that put a client into a therapist's care; by name, since this room imports none of them.
CARE_RELATIONS = ("appointments", "treatment_sessions", "treatment_plans", "taken_on")
TABLET_LINK, UNBOOKED_LINK = timedelta(hours=2), timedelta(days=14)  # how long a link to an intake opens


def sees_every_client(user) -> bool:
    """Say whether this person keeps the book, and so knows everybody's name and contact data."""
    return user.is_front_desk or user.is_owner


def _caring_rows():
    """Yield, for each relation, all rows that put a client into a therapist's care."""
    for relation in CARE_RELATIONS:
        rows = Client._meta.get_field(relation).related_model._base_manager.all()
        yield rows.exclude(status="cancelled") if relation == "appointments" else rows


def in_care(client: str, therapist_ids) -> Q:
    """Say in a query that the client at `client` ("client_id") is in the care of one of these therapists.

    Each client is looked up alone: for a few rows. To list clients, `in_care_of` draws up once who is in care.
    """
    is_cared_for = Q()
    for rows in _caring_rows():
        # The sum keeps databases from going through the many rows of a therapist instead of the few of a client.
        rows = rows.alias(led_by=F("therapist_id") + 0).filter(client=OuterRef(client), led_by__in=therapist_ids)
        is_cared_for |= Q(Exists(rows))
    return is_cared_for


def among(clients: models.QuerySet, client: str = "client_id") -> Exists:
    """Say in a query that the client at `client` is one of `clients`, looking each one up alone."""
    return Exists(clients.filter(pk=OuterRef(client)))


class ClientQuerySet(models.QuerySet):
    def in_care_of(self, therapist_ids):
        """Clients who have a live appointment, a session or a plan with one of these therapists, or were taken on by one."""
        is_cared_for = Q()
        for rows in _caring_rows():
            is_cared_for |= Q(pk__in=rows.filter(therapist__in=therapist_ids).values("client_id"))
        return self.filter(is_cared_for)

    def visible_to(self, user):
        """Clients whose name and contact data `user` may see: all for desk and owner, a therapist's own."""
        if not user.is_authenticated:
            return self.none()
        if sees_every_client(user):
            return self
        return self.in_care_of(user.therapist_ids())

    def charts_visible_to(self, user):
        """Clients whose clinical record `user` may read: a therapist's own and covered ones, all for the owner."""
        if not user.is_authenticated:
            return self.none()
        if user.is_owner:
            return self
        return self.filter(in_care("pk", user.therapist_ids()))  # charts are opened one by one

    def matching(self, text: str):
        """Clients whose name, phone, e-mail or birth date contains every word of `text`."""
        clients = self
        for word in folded_words(text):
            clients = clients.filter(search__contains=word)
        return clients

    def mailable(self):
        """Clients to whom mails may go out; the others are called."""
        return self.exclude(email="").filter(wants_no_mail=False, email_failed_at__isnull=True)

    def best_first(self, text: str):
        """Names that begin with the first word of `text`, then words that do, then all others; each by name.

        Such an order cannot be walked in an index by name: SQLite would, fetching every row of the table one by one,
        and take ten times as long as reading the table through.
        """
        words = folded_words(text)
        if not words:
            return self.order_by("last_name", "first_name", "pk")
        first = words[0]
        rank = Case(When(search__startswith=first, then=0), When(search__contains=f" {first}", then=1), default=2)
        return self.order_by(rank, "last_name", "first_name", "pk")


class Client(models.Model):
    """A person treated here. Name and a phone number, or an e-mail address, are enough."""

    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80)
    born_on = models.DateField("date of birth", null=True, blank=True)
    phone = PhoneNumberField(blank=True)
    email = models.EmailField("e-mail", blank=True, help_text="May be shared in a family.")
    address = models.CharField(max_length=300, blank=True)
    guardian_name = models.CharField("parent or guardian", max_length=160, blank=True)
    guardian_phone = PhoneNumberField("guardian's phone", blank=True)
    wants_no_mail = models.BooleanField("no e-mail, please call", default=False)
    email_failed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A mail server said that this address takes no mail."
    )
    desk_note = models.CharField(
        max_length=300, blank=True, help_text="For the desk: parking, preferred times. Nothing about health."
    )
    search = models.TextField(editable=False, default="")
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(phone="") | ~Q(email=""), name="client_can_be_reached"),
        ]
        indexes = [models.Index(fields=["last_name", "first_name", "id"], name="client_by_name")]

    def __str__(self):
        return f"client #{self.pk}"

    def get_absolute_url(self):
        return reverse("workspace:client_page", args=[self.pk])

    @property
    def name(self) -> str:
        """First and last name, as said aloud."""
        return f"{self.first_name} {self.last_name}"

    @property
    def can_be_mailed(self) -> bool:
        """Whether mails may go out; others stand on the call list."""
        return bool(self.email) and not self.wants_no_mail and self.email_failed_at is None

    def age_on(self, day) -> int | None:
        """Whole years on `day`, or None without a birth date."""
        if self.born_on is None:
            return None
        return day.year - self.born_on.year - ((day.month, day.day) < (self.born_on.month, self.born_on.day))

    def fold_search(self) -> str:
        """Return the folded text the search looks in; domain functions store it whenever they save a client."""
        born = self.born_on.strftime("%Y-%m-%d %d.%m.%Y %d/%m/%Y %m/%d/%Y") if self.born_on else ""
        digits = "".join(character for character in str(self.phone) if character.isdigit())
        return fold(f"{self.first_name} {self.last_name} {self.first_name} {self.email} {born} {digits}")


class ClinicalQuerySet(models.QuerySet):
    """For rows that belong to a client's clinical record."""

    def visible_to(self, user):
        """Rows of the charts `user` may read."""
        return self.filter(among(Client.objects.charts_visible_to(user)))


class Consent(models.Model):
    """One answer of a client to one consent text, as signed. The newest row per scope holds; none is changed."""

    class Scope(models.TextChoices):
        TREATMENT = "treatment", "Assessment and massage"
        SHARE_WITH_REFERRER = "share_with_referrer", "Report to the referring clinician"
        SENSITIVE_AREAS = "sensitive_areas", "Gluteal, groin and abdominal work"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="consents")
    scope = models.CharField(max_length=24, choices=Scope)
    is_given = models.BooleanField()
    wording_version = models.CharField(max_length=20)
    signed_name = models.CharField(max_length=160)
    is_by_guardian = models.BooleanField(default=False)
    at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="consent_is_append_only")]
        indexes = [models.Index(fields=["client", "scope", "-at"], name="consent_newest_first")]

    def __str__(self):
        return f"consent #{self.pk}"


class IntakeQuerySet(ClinicalQuerySet):
    def open(self):
        """Intakes asked for and not yet handed in."""
        return self.filter(submitted_at__isnull=True)


class Intake(models.Model):
    """What the client told us before a first visit: health history and screening answers, frozen when handed in."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="intakes")
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    wants_mail = models.BooleanField(default=True)
    mail_version = models.PositiveSmallIntegerField(default=1, help_text="Rises when the desk sends the link again.")
    answers = models.JSONField(default=dict, help_text="Screening answers by key of the vocabulary.")
    history = models.JSONField(default=dict, help_text="Words of the client by field of the history form.")
    visited_groups = models.JSONField(default=list, help_text="Question groups seen and sent, in order.")
    changed_answers = models.JSONField(
        default=list,
        help_text="Emergency answers taken back, and answers given anew on another device, while filling in: key, from, to, at.",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The therapist who asked by phone or in person; empty when the client answered alone.",
    )

    objects = IntakeQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="intake_is_frozen_when_submitted", condition=Q(submitted_at__isnull=False)),
            models.UniqueConstraint(
                fields=["client"], condition=Q(submitted_at__isnull=True), name="intake_is_open_once_per_client"
            ),
        ]

    def __str__(self):
        return f"intake #{self.pk}"

    @property
    def is_submitted(self) -> bool:
        """Whether the client has handed it in."""
        return self.submitted_at is not None


NOWHERE = "nowhere"  # the level of a drawing whose answer is that it is felt nowhere; "" is one left empty


class PainDrawing(models.Model):
    """Where it hurts, as marked on the body map: a list of {"region", "side"} of anatomy's regions."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="pain_drawings")
    intake = models.OneToOneField(Intake, on_delete=models.PROTECT, null=True, blank=True, related_name="pain_drawing")
    regions = models.JSONField(default=list)
    lowest_level = models.CharField(max_length=20, blank=True)
    drawn_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The therapist who took it; empty when the client marked it alone.",
    )

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="pain_drawing_is_append_only")]

    def __str__(self):
        return f"pain drawing #{self.pk}"

    @property
    def places(self) -> list[str]:
        """The marked places in words, in the map's order: "Left buttock"."""
        return [spot_label(value) for value in spots_of(self.regions)]

    @property
    def reaches(self) -> str:
        """How far down the leg the marked places reach, as people say it; "nothing marked" for one left empty."""
        return (LEVEL_NAMES | {NOWHERE: NOWHERE}).get(self.lowest_level, "nothing marked")


class ScreeningQuerySet(ClinicalQuerySet):
    def newest_first(self):
        """The present screening of a client first."""
        return self.order_by("-at", "-pk")


class Screening(models.Model):
    """One run of the screening: the answers as given, the result as shown, the rules that decided. Never changed."""

    class Triage(models.TextChoices):
        EMERGENCY = "emergency", "Emergency"
        URGENT_REFERRAL = "urgent_referral", "Urgent medical review"
        INCOMPLETE = "incomplete", "Not complete"
        ROUTINE_REFERRAL = "routine_referral", "Refer"
        TREAT = "treat", "Treat"

    class Pattern(models.TextChoices):
        RADICULAR = "radicular", "More like nerve-root irritation"
        DEEP_GLUTEAL = "deep_gluteal", "More like deep buttock-nerve irritation"
        MYOFASCIAL = "myofascial", "More like muscle-referred pain"
        SACROILIAC = "sacroiliac", "More like sacroiliac-related pain"
        MIXED_OR_UNCLEAR = "mixed_or_unclear", "Mixed or unclear"
        INSUFFICIENT_DATA = "insufficient_data", "Not enough answered"
        NOT_APPLICABLE = "not_applicable", "Not applicable"

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="screenings")
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, null=True, blank=True, related_name="screenings")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    answers = models.JSONField()
    asked = models.JSONField(default=list, help_text="Keys of the items that were asked anew for this version.")
    card = models.JSONField(default=dict, help_text="Results of the examination per test and side, with the angle.")
    result = models.JSONField()
    triage = models.CharField(max_length=20, choices=Triage)
    pattern = models.CharField(max_length=20, choices=Pattern)
    rules_version = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ScreeningQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="screening_is_append_only")]
        indexes = [models.Index(fields=["client", "-at", "-id"], name="screening_newest_first")]

    def __str__(self):
        return f"screening #{self.pk}"


class Overruling(models.Model):
    """A therapist works with another pattern than the screening names, and says why. It never touches the triage.

    The newest row of a client holds while the screening still names `overruled`; naming that same pattern takes it back.
    """

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="overrulings")
    screening = models.ForeignKey(Screening, on_delete=models.PROTECT, related_name="overrulings")
    overruled = models.CharField(max_length=20, choices=Screening.Pattern)
    pattern = models.CharField(max_length=20, choices=Screening.Pattern)
    reason = models.TextField(max_length=1000)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [
            AppendOnly(name="overruling_is_append_only"),
            models.CheckConstraint(condition=~Q(reason=""), name="overruling_has_a_reason"),
        ]
        indexes = [models.Index(fields=["client", "-at", "-id"], name="overruling_newest_first")]

    def __str__(self):
        return f"overruling #{self.pk}"


class Clearance(models.Model):
    """A clinician examined this episode and agreed to gentle massage: who, when, and where it is on file."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="clearances")
    clinician_name = models.CharField(max_length=160)
    profession = models.CharField(max_length=80)
    given_on = models.DateField()
    note = models.TextField(max_length=2000, help_text="What was agreed, and where the letter is.")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="clearance_is_append_only")]

    def __str__(self):
        return f"clearance #{self.pk}"


# Why to call a client, by the first word of the subject.
WHY = {
    "intake": "Intake missing",
    "intake-mail": "Intake missing",
    "check-in": "Check-in after the visit",
    "check-in-mail": "Check-in after the visit",
    "visit-mail": "Confirm the visit",
    "moved-mail": "Visit moved: confirm the new time",
    "cancelled-mail": "Visit cancelled: say so",
    "series-mail": "Confirm the visits",
    "series-cancelled-mail": "Visits cancelled: say so",
    "held": "Asked for a time online",
    "address": "E-mail address refused: ask for a new one",
    "reminder": "Remind of the visit",
    "recall": "Invite to come again",
}


class TaskQuerySet(models.QuerySet):
    def open(self):
        """Tasks nobody has done yet."""
        return self.filter(done_at__isnull=True)

    def visible_to(self, user):
        """Tasks for this person's roles; a therapist's clinical alerts only for clients in their care."""
        if not user.is_authenticated:
            return self.none()
        mine = Q(for_role="front_desk") if user.is_front_desk or user.is_owner else Q(pk__in=[])
        if user.is_owner:
            mine |= Q(for_role="owner")
        return self.filter(mine | Q(among(Client.objects.charts_visible_to(user)), for_role="therapist"))


class Task(models.Model):
    """Something a person must do about a client: call them, look at an alert. The kind says it; no health words."""

    class Kind(models.TextChoices):
        SCREENING_ALERT = "screening_alert", "Look at the screening now"
        CHECK_IN_ALERT = "check_in_alert", "Look at the check-in now"
        CALL_CLIENT = "call_client", "Call the client"
        INTAKE_BY_PHONE = "intake_by_phone", "Intake by phone or on the tablet"
        ADVERSE_EVENT = "adverse_event", "Look at the adverse event"

    kind = models.CharField(max_length=20, choices=Kind)
    for_role = models.CharField(
        max_length=10, choices=[("therapist", "Therapist"), ("front_desk", "Front desk"), ("owner", "Owner")]
    )
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="tasks")
    subject = models.CharField(max_length=60, help_text="What it is about, so that one cause makes one task.")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=300, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], name="task_has_one_cause"),
            # Without done_by it settled itself: the client handed in what they were to be called about.
            models.CheckConstraint(
                condition=Q(done_at__isnull=False) | Q(done_by__isnull=True), name="task_done_by_comes_with_done_at"
            ),
        ]

    def __str__(self):
        return f"task #{self.pk} {self.kind}"

    @property
    def why(self) -> str:
        """Why to call, in words the desk may read and say aloud: never a health word. Empty for what is not the desk's."""
        return "" if self.for_role != "front_desk" else WHY.get(self.subject.partition(" ")[0].partition(":")[0], "")


class TakenOn(models.Model):
    """A therapist took a client of nobody into their care, called by an alert. Who did is on file for good."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="taken_on")
    therapist = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [AppendOnly(name="taken_on_is_append_only")]

    def __str__(self):
        return f"taken on #{self.pk}"


class IntakeLinkQuerySet(LinkQuerySet):
    def live(self, now):
        """Links that still open: until the visit they were sent for starts, as it stands now, else until their own end."""
        visits = Client._meta.get_field("appointments").related_model._base_manager.exclude(
            status__in=["cancelled", "no_show"]
        )
        visits = visits.filter(client=OuterRef("intake__client"), starts_at__gt=OuterRef("created_at"))
        first_start = Subquery(visits.order_by("starts_at").values("starts_at")[:1])
        follows_visit = Q(expires_at__gt=F("created_at") + TABLET_LINK)
        rows = self.annotate(
            ends_at=Case(When(follows_visit, then=Coalesce(first_start, "expires_at")), default="expires_at")
        )
        return rows.filter(ends_at__gt=now, revoked_at__isnull=True)


class IntakeLink(Link):
    """Opens one intake, for the client alone.

    A mailed one is minted for UNBOOKED_LINK and follows the client's next visit while there is one; the short one of a
    tablet ends when it says.
    """

    intake = models.ForeignKey(Intake, on_delete=models.CASCADE, related_name="links")

    objects = IntakeLinkQuerySet.as_manager()

    of_client = "intake__client"
