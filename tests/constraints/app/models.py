"""A cabin that is let by the hour, a paper that is signed, its lines and their marks, and a logbook."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from practice.constraints import AppendOnly, FrozenWhen, Later, NoOverlap

SIGNED = Q(signed_at__isnull=False)


class Cabin(models.Model):
    """Something only one party can have at a time."""

    name = models.CharField(max_length=40)


class Stay(models.Model):
    """One party in one cabin, or waiting for one, from start to end."""

    cabin = models.ForeignKey(Cabin, null=True, on_delete=models.PROTECT, related_name="stays")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=20, default="booked")

    class Meta:
        indexes = [models.Index(fields=["cabin", "starts_at"], name="stay_by_cabin_and_start")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="stay_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(ends_at__lte=Later("starts_at", timedelta(days=1))), name="stay_lasts_at_most_a_day"
            ),
            NoOverlap(
                name="stay_cabin_is_free",
                key="cabin",
                start="starts_at",
                end="ends_at",
                condition=~Q(status="cancelled"),
                violation_error_message="The cabin is taken then.",
            ),
        ]


class Paper(models.Model):
    """A paper that is done once it is signed."""

    text = models.TextField()
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [FrozenWhen(name="paper_is_signed", condition=SIGNED)]


class Line(models.Model):
    """A line of a paper."""

    paper = models.ForeignKey(Paper, null=True, on_delete=models.CASCADE, related_name="lines")
    text = models.TextField()

    class Meta:
        constraints = [FrozenWhen(name="line_paper_is_signed", condition=SIGNED, via="paper")]


class Mark(models.Model):
    """A mark on a line of a paper."""

    line = models.ForeignKey(Line, on_delete=models.CASCADE, related_name="marks")
    text = models.TextField()

    class Meta:
        constraints = [FrozenWhen(name="mark_paper_is_signed", condition=SIGNED, via="line__paper")]


class LogEntry(models.Model):
    """What happened, written once."""

    text = models.TextField()
    key = models.CharField(max_length=40, null=True, unique=True)

    class Meta:
        constraints = [AppendOnly(name="log_entry_is_kept")]
