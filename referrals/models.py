"""Letters in and out: who sent a client and why, and the report that goes back."""

from django.conf import settings
from django.db import models
from django.db.models import F, Func, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from phonenumber_field.modelfields import PhoneNumberField

from booking.models import Appointment
from clients.models import Client, ClinicalQuerySet
from practice.constraints import FrozenWhen
from practice.links import Link
from sessions.models import TreatmentSession


def _count(rows):
    """A subquery that counts `rows`, zero when there are none."""
    counted = rows.order_by().annotate(all=Func(F("pk"), function="COUNT")).values("all")
    return Coalesce(Subquery(counted), 0)


class ReferrerQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The practice's address book of referrers is open to staff."""
        return self if user.is_authenticated else self.none()


class Referrer(models.Model):
    """A chiropractor, physical therapist or physician who sends clients."""

    class Profession(models.TextChoices):
        CHIROPRACTOR = "chiropractor", "Chiropractor"
        PHYSICAL_THERAPIST = "physical_therapist", "Physical therapist"
        PHYSICIAN = "physician", "Physician"
        OTHER = "other", "Other"

    name = models.CharField(max_length=160)
    profession = models.CharField(max_length=20, choices=Profession)
    organisation = models.CharField("practice", max_length=160, blank=True)
    email = models.EmailField("e-mail", blank=True)
    phone = PhoneNumberField(blank=True)
    is_active = models.BooleanField(default=True)

    objects = ReferrerQuerySet.as_manager()

    def __str__(self):
        return f"referrer #{self.pk}"


class ReferralQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The desk takes in letters; a therapist sees those of clients in their care."""
        return self.filter(client__in=Client.objects.visible_to(user).values("pk"))

    def with_progress(self):
        """Count what came of each since its letter: `visits_booked`, `visits_signed`, `reports_sent`."""
        visits = _count(
            Appointment.objects.live()
            .filter(client=OuterRef("client"))
            .filter(Q(booked_at__gte=OuterRef("created_at")) | Q(starts_at__gte=OuterRef("created_at")))
        )
        signed = _count(
            TreatmentSession.objects.signed().filter(client=OuterRef("client"), signed_at__gte=OuterRef("created_at"))
        )
        sent = _count(Report.objects.filter(referral=OuterRef("pk"), sent_at__isnull=False))
        return self.annotate(visits_booked=visits, visits_signed=signed, reports_sent=sent)


class Referral(models.Model):
    """One client sent by one referrer: the question, what to heed, how many visits."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="referrals")
    referrer = models.ForeignKey(Referrer, on_delete=models.PROTECT, related_name="referrals")
    received_on = models.DateField()
    question = models.TextField(max_length=2000, help_text="What the referrer asks of us, as in the letter.")
    precautions = models.TextField(max_length=2000, blank=True)
    visits_allowed = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ReferralQuerySet.as_manager()

    def __str__(self):
        return f"referral #{self.pk}"

    def get_absolute_url(self):
        return reverse("referrals:referral_detail", args=[self.pk])


class Report(models.Model):
    """One page back to the referrer: written from signed sessions, frozen when sent."""

    client = models.ForeignKey("clients.Client", on_delete=models.PROTECT, related_name="reports")
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="reports")
    consent = models.ForeignKey("clients.Consent", on_delete=models.PROTECT, related_name="+")
    content = models.JSONField(help_text="The page as sent: headings, facts, measures. A frozen document.")
    message = models.TextField(max_length=2000, blank=True, help_text="The therapist's own words and questions.")
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints = [
            FrozenWhen(name="report_is_frozen_when_sent", condition=Q(sent_at__isnull=False)),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, sent_by__isnull=True)
                | Q(sent_at__isnull=False, sent_by__isnull=False),
                name="report_sent_at_and_sent_by_go_together",
            ),
        ]

    def __str__(self):
        return f"report #{self.pk}"

    def get_absolute_url(self):
        return reverse("referrals:report_preview", args=[self.pk])

    @property
    def is_sent(self) -> bool:
        """Whether it has gone to the referrer and can no longer change."""
        return self.sent_at is not None


class ReportLink(Link):
    """Opens one report, for its referrer."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="links")


class ReferralLink(Link):
    """Shows one referral's status, for its referrer."""

    referral = models.ForeignKey(Referral, on_delete=models.CASCADE, related_name="links")
