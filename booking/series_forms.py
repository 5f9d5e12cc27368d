"""What is typed when several visits are booked together: the rhythm, then what to do with each date."""

from datetime import UTC, date, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from booking.forms import MOMENT, CancelForm, service_field, staff_field, wall_moment
from booking.models import Appointment
from booking.placing import FURTHEST
from booking.prospects import Prospect
from booking.refusals import RULES
from booking.series import MOST_VISITS, MOST_WEEKS_APART, USUAL_VISITS
from practice.models import Practice
from practice.templatetags.ui import local_date, local_time

SKIP = "skip"


def moment_value(moment: datetime, rules=()) -> str:
    """Return what the choice of a moment sends: the moment in UTC and the rules overruled with it."""
    return "|".join([moment.astimezone(UTC).strftime(MOMENT), ",".join(sorted(rules))]).rstrip("|")


def read_moment(value: str) -> tuple[datetime, frozenset[str]]:
    """Read what `moment_value` wrote. Raises ValueError."""
    moment, _, rules = value.partition("|")
    return datetime.strptime(moment, MOMENT).replace(tzinfo=UTC), RULES & set(rules.split(","))


class RhythmForm(forms.Form):
    """What repeats: which visit, with whom, from when on, how often. Asked by GET: it changes nothing."""

    service = service_field()
    therapist = staff_field(empty_label="Choose")
    day = forms.DateField(
        label="First day",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as a date, for example 23/11/2026."},
    )
    time = forms.TimeField(
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "Write the time as hours and minutes, for example 14:30."},
    )
    weeks_apart = forms.TypedChoiceField(
        label="Every",
        coerce=int,
        initial=1,
        choices=[(1, "week"), *((weeks, f"{weeks} weeks") for weeks in range(2, MOST_WEEKS_APART + 1))],
    )
    count = forms.TypedChoiceField(
        label="How many visits",
        coerce=int,
        initial=USUAL_VISITS,
        choices=[(number, str(number)) for number in range(2, MOST_VISITS + 1)],
    )

    def __init__(self, *args, practice: Practice, today: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone, self.today = ZoneInfo(practice.time_zone), today
        self.fields["day"].widget.attrs |= {"min": f"{today:%Y-%m-%d}", "max": f"{today + FURTHEST:%Y-%m-%d}"}

    def clean_day(self):
        day = self.cleaned_data["day"]
        if not self.today <= day <= self.today + FURTHEST:
            raise ValidationError("Choose a day from today on, within the next two years.")
        return day

    def clean(self):
        day, wall = self.cleaned_data.get("day"), self.cleaned_data.get("time")
        if day and wall:
            try:
                self.cleaned_data["first"] = wall_moment(day, wall.replace(second=0, microsecond=0), self.zone)
            except ValidationError as error:
                self.add_error("time", error)
        return self.cleaned_data

    @property
    def rhythm(self) -> dict:
        """What `propose_series` takes beside the client."""
        return {name: self.cleaned_data[name] for name in ("service", "therapist", "first", "count", "weeks_apart")}


class DatesForm(forms.Form):
    """What to do with each date: take it, take the nearest free time, take it against a rule, or skip it.

    A free date is taken unless somebody says otherwise; with any other date somebody has to say what.
    """

    note = forms.CharField(
        required=False,
        max_length=Appointment._meta.get_field("note").max_length,
        help_text="For the desk, on each visit. Nothing about health.",
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args, prospects: list[Prospect], **kwargs):
        super().__init__(*args, **kwargs)
        self.prospects = prospects
        for number, prospect in enumerate(prospects):
            self.fields[f"date_{number}"] = forms.ChoiceField(
                label=local_date(prospect.starts_at),
                choices=_choices(prospect),
                widget=forms.RadioSelect,
                initial=moment_value(prospect.starts_at) if prospect.is_free else None,
                error_messages={
                    "required": f"Say what to do on {local_date(prospect.starts_at)}.",
                    "invalid_choice": f"Choose again for {local_date(prospect.starts_at)}: that time cannot be had any more.",
                },
            )

    def rows(self) -> list[tuple[Prospect, forms.BoundField]]:
        """Each date with its choice."""
        return [(prospect, self[f"date_{number}"]) for number, prospect in enumerate(self.prospects)]

    @property
    def times(self) -> dict[datetime, frozenset[str]]:
        """The moments chosen, with the rules overruled at each, as `book_series` takes them."""
        chosen = (self.cleaned_data[f"date_{number}"] for number in range(len(self.prospects)))
        return dict(read_moment(value) for value in chosen if value != SKIP)


def _choices(prospect: Prospect) -> list[tuple[str, str]]:
    choices = []
    if prospect.is_free:
        choices.append((moment_value(prospect.starts_at), f"Take {local_time(prospect.starts_at)}"))
    elif prospect.nearest is not None:
        choices.append((moment_value(prospect.nearest), f"Take {local_time(prospect.nearest)} instead"))
    if prospect.warnings:
        value = moment_value(prospect.starts_at, prospect.warnings)
        choices.append((value, f"Take {local_time(prospect.starts_at)} anyway"))
    return [*choices, (SKIP, "Skip this date")]


class SeriesCancelForm(CancelForm):
    """Why this visit and all later ones of its series are cancelled. `seen` is which ones the page showed."""

    version = None
    seen = forms.CharField(widget=forms.HiddenInput, max_length=1000)


def first_values(*, starts_at: datetime | None, **more) -> dict:
    """Return where the rhythm starts: on the day and at the time of `starts_at`, by the practice's clock."""
    if starts_at is None:
        return more
    local = timezone.localtime(starts_at)
    return {"day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", **more}
