"""What is typed when a visit is booked, moved or cancelled: shape, ranges and choices."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from booking.appointments import LENGTH_STEP, LONGEST_VISIT, SHORTEST
from booking.models import Appointment, AppointmentChange, CalendarFeed, WaitlistEntry
from booking.placing import FURTHEST
from booking.refusals import RULES
from booking.waitlist import weekday_bits
from practice.forms import LARGEST_ID, row_id
from practice.models import Practice, Room, Service, User, WorkingHours
from practice.prepared import prepared
from practice.zones import at_wall_time

OTHER = "other"
MOMENT = "%Y-%m-%dT%H:%MZ"
FIRST_YEAR, LAST_YEAR = 2000, 2200  # beyond them a time zone cannot be reckoned with everywhere


def slot_value(starts_at: datetime, therapist_id: int) -> str:
    """Return what a time's radio button sends: the moment in UTC and the therapist."""
    return f"{starts_at.astimezone(UTC).strftime(MOMENT)}|{therapist_id}"


def read_slot(value: str) -> tuple[datetime, int] | None:
    """Read what `slot_value` wrote; None if it is nothing of the kind."""
    moment, _, therapist = value.partition("|")
    try:
        starts_at, number = datetime.strptime(moment, MOMENT).replace(tzinfo=UTC), int(therapist)
    except ValueError:
        return None
    return (starts_at, number) if FIRST_YEAR <= starts_at.year <= LAST_YEAR and 0 <= number <= LARGEST_ID else None


def wall_moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """Return the moment a clock shows `wall` on `day`. Raises ValidationError for a time shown never or twice."""
    moment = at_wall_time(day, wall, zone)
    if moment.astimezone(zone).time() != wall:
        raise ValidationError(f"The clocks go forward on that day: {wall:%H:%M} does not exist. Choose another time.")
    local = datetime.combine(day, wall, tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise ValidationError(f"The clocks go back on that day: {wall:%H:%M} comes twice. Choose another time.")
    return moment


class RowField(forms.ModelChoiceField):
    """A choice among the rows of `queryset`; `find` is the prepared question for the one of them with an id."""

    def __init__(self, queryset, *, find, **options):
        super().__init__(queryset, **options)
        self.find = find

    def to_python(self, value):
        """Return the row that was chosen, None for none."""
        if value in self.empty_values:
            return None
        for row in self.find(row_id(str(value)) or 0):
            return row
        raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})


@prepared(models.BigAutoField())
def find_therapist(pk):
    """Ask for the therapist of that id."""
    return User.objects.therapists().filter(pk=pk)


@prepared(models.BigAutoField())
def find_service(pk):
    """Ask for the service of that id, if it is on offer."""
    return Service.objects.active().filter(pk=pk)


def staff_field(**options) -> forms.ModelChoiceField:
    """Return a choice of the people who treat, shown by name."""
    everybody = User.objects.therapists().order_by("first_name", "last_name", "pk")
    field = RowField(everybody, find=find_therapist, **options)
    field.label_from_instance = lambda person: person.name
    return field


def wall_field(**options) -> forms.TimeField:
    """Return a time of day that may stay empty."""
    return forms.TimeField(
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "Write the time as hours and minutes, for example 14:30."},
        **options,
    )


def service_field(**options) -> forms.ModelChoiceField:
    """Return a choice of the services on offer, shown with their length."""
    field = RowField(Service.objects.active().order_by("name", "pk"), find=find_service, **options)
    field.label_from_instance = lambda service: f"{service.name} ({service.duration_minutes} min)"
    return field


class PlaceForm(forms.Form):
    """When, with whom and where. `slot` is one of the times offered, or "other" with `other_time` on `day`."""

    therapist = staff_field(required=False, empty_label="Any therapist")
    day = forms.DateField(
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Write the day as a date, for example 23/11/2026."},
    )
    slot = forms.CharField(label="Time", required=False, max_length=60)
    other_time = forms.TimeField(
        required=False,
        label="Another time",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "Write the time as hours and minutes, for example 14:30."},
    )
    room = forms.ModelChoiceField(
        queryset=Room.objects.active().order_by("name", "pk"), required=False, empty_label="Any free room"
    )
    overrule = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args, practice: Practice, today: date, now: datetime, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone, self.today, self.now = ZoneInfo(practice.time_zone), today, now
        self.notice = timedelta(minutes=practice.notice_minutes)
        self.fields["day"].widget.attrs |= {"min": f"{today:%Y-%m-%d}", "max": f"{today + FURTHEST:%Y-%m-%d}"}

    def clean_day(self):
        day = self.cleaned_data["day"]
        if day < self.today:
            raise ValidationError("That day has passed.")
        if day > self.today + FURTHEST:
            raise ValidationError("That is too far ahead. Choose a day within the next two years.")
        return day

    def clean_overrule(self):
        return RULES & set(self.cleaned_data["overrule"].split(","))

    def clean(self):
        chosen = self.cleaned_data.get("slot", "")
        if chosen == OTHER or (not chosen and self.cleaned_data.get("other_time")):
            self._read_other_time()
        elif chosen:
            self._read_offered(chosen)
        else:
            self.add_error("slot", "Choose a time.")
        return self.cleaned_data

    def _read_other_time(self):
        day, wall = self.cleaned_data.get("day"), self.cleaned_data.get("other_time")
        if wall is None and "other_time" not in self.errors:
            self.add_error("other_time", "Say which time.")
        if self.cleaned_data.get("therapist") is None and "therapist" not in self.errors:
            self.add_error("therapist", "For another time, say with whom.")
        if day and wall:
            try:
                self.cleaned_data["starts_at"] = wall_moment(day, wall.replace(second=0, microsecond=0), self.zone)
            except ValidationError as error:
                self.add_error("other_time", error)

    def _read_offered(self, chosen):
        read, therapist = read_slot(chosen), self.cleaned_data.get("therapist")
        if read and (therapist is None or therapist.pk != read[1]):
            therapist = next(iter(find_therapist(read[1])), None)
        if read is None or therapist is None:
            self.add_error("slot", "That time is not on offer. Choose one from the list.")
            return
        self.cleaned_data |= {"starts_at": read[0], "therapist": therapist}
        if self.now <= read[0] < self.now + self.notice:
            # Such times stand under "short notice": choosing one is knowing it.
            self.cleaned_data["overrule"] = self.cleaned_data.get("overrule", set()) | {"notice"}

    @property
    def place(self) -> dict:
        """What the domain functions take, by their parameter names."""
        return {name: self.cleaned_data[name] for name in ("therapist", "starts_at", "room", "overrule")}


class BookingForm(PlaceForm):
    """A visit to be booked. `key` makes the form work once."""

    service = service_field()
    note = forms.CharField(
        required=False,
        max_length=Appointment._meta.get_field("note").max_length,
        help_text="For the desk. Nothing about health.",
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)

    field_order = ["service", "therapist", "day", "slot", "other_time", "room", "note"]

    @property
    def booking(self) -> dict:
        """What `book_appointment` takes beside the client."""
        return self.place | {name: self.cleaned_data[name] for name in ("service", "note", "key")}


MINUTE = timedelta(minutes=1)


def length_field(**options) -> forms.IntegerField:
    """Return a length in minutes, in the steps a visit's length has."""
    step = LENGTH_STEP // MINUTE
    options |= {"min_value": SHORTEST // MINUTE, "max_value": LONGEST_VISIT // MINUTE}
    field = forms.IntegerField(**options, help_text=f"In minutes, in steps of {step}.")
    field.widget.attrs |= {"step": step, "inputmode": "numeric"}
    return field


class MoveForm(PlaceForm):
    """A visit to be moved. `version` is what the page showed; without `length` it stays as long as it is."""

    length = length_field(required=False, label="Length")
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)

    @property
    def duration(self) -> timedelta | None:
        """The length asked for."""
        minutes = self.cleaned_data.get("length")
        return None if minutes is None else minutes * MINUTE

    @property
    def move(self) -> dict:
        """What `move_appointment` takes."""
        return self.place | {"version": self.cleaned_data["version"], "duration": self.duration}


class DropForm(forms.Form):
    """Where a visit was dropped on the board. `key` makes the drop work once, `version` is what the board showed."""

    starts = forms.CharField(max_length=20)
    length = length_field()
    therapist = staff_field(required=False)
    room = forms.ModelChoiceField(queryset=Room.objects.active(), required=False)
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    key = forms.UUIDField()
    overrule = forms.CharField(required=False, max_length=100)

    def clean_starts(self):
        read = read_slot(f"{self.cleaned_data['starts']}|0")
        if read is None:
            raise ValidationError("That is no time of the board.")
        return read[0]

    def clean_overrule(self):
        return RULES & set(self.cleaned_data["overrule"].split(","))

    @property
    def move(self) -> dict:
        """What `move_appointment` takes."""
        kept = {name: self.cleaned_data[name] for name in ("therapist", "room", "version", "key", "overrule")}
        return kept | {"starts_at": self.cleaned_data["starts"], "duration": self.cleaned_data["length"] * MINUTE}


class UndoForm(forms.Form):
    """The act to be taken back: the visit's version, and the number of its last change, 0 for a booking."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**63 - 1)


class CancelForm(forms.Form):
    """Why the desk cancels."""

    reason = forms.ChoiceField(
        choices=AppointmentChange.Reason,
        widget=forms.RadioSelect,
        label="Why?",
        error_messages={"required": "Choose a reason, so that the practice can learn from it."},
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)


CLIENT_REASONS = [
    (value, label) for value, label in AppointmentChange.Reason.choices if value != AppointmentChange.Reason.PRACTICE
]


class ClientConfirmForm(forms.Form):
    """The client says yes. The box is required and comes unticked: mail robots send forms with what they find."""

    will_come = forms.BooleanField(
        label="Yes, I will be there",
        error_messages={"required": "Tick the box to confirm. Nothing was changed."},
    )


class ClientCancelForm(forms.Form):
    """The client cancels. The box is required and comes unticked: mail robots send forms with what they find."""

    reason = forms.ChoiceField(
        choices=[("", "Rather not say"), *CLIENT_REASONS], required=False, label="Why? You need not say."
    )
    is_sure = forms.BooleanField(
        label="Yes, cancel my visit",
        error_messages={"required": "Tick the box to cancel. Nothing was changed: your visit stands."},
    )

    def clean_reason(self):
        return self.cleaned_data["reason"] or AppointmentChange.Reason.OTHER


class WaitlistForm(forms.Form):
    """What somebody on the waitlist wishes. No day ticked is any day."""

    service = service_field()
    therapist = staff_field(required=False, empty_label="Any therapist")
    weekdays = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        choices=WorkingHours.Weekday.choices,
        widget=forms.CheckboxSelectMultiple,
        label="Days that suit",
        help_text="None ticked: any day.",
    )
    earliest = wall_field(label="Not before")
    latest = wall_field(label="Over by")
    wishes = forms.CharField(
        required=False,
        max_length=WaitlistEntry._meta.get_field("wishes").max_length,
        label="Anything else",
        help_text="In their words: “can come at an hour's notice”. Nothing about health.",
    )

    def clean_weekdays(self):
        return weekday_bits(self.cleaned_data["weekdays"])

    def clean(self):
        earliest, latest = self.cleaned_data.get("earliest"), self.cleaned_data.get("latest")
        if earliest and latest and latest <= earliest:
            self.add_error("latest", "This must be later than “Not before”.")
        return self.cleaned_data


class OfferAcceptForm(forms.Form):
    """The client takes the time. The box is required and comes unticked: mail robots send forms with what they find."""

    will_come = forms.BooleanField(
        label="Yes, I take this time and will be there",
        error_messages={"required": "Tick the box to take the time. Nothing was changed."},
    )


class OfferDeclineForm(forms.Form):
    """The client does not want the time. The first box is required and comes unticked, as above."""

    is_sure = forms.BooleanField(
        label="No, this time does not suit me",
        error_messages={"required": "Tick the box to decline. Nothing was changed."},
    )
    is_leaving = forms.BooleanField(required=False, label="Take me off the list as well")


class FeedForm(forms.ModelForm):
    """A calendar feed to be made."""

    class Meta:
        model = CalendarFeed
        fields = ["label", "has_names"]
        labels = {"label": "Which calendar reads it?", "has_names": "Show clients as first name and initial"}
        help_texts = {
            "label": "For example “my phone”, so that you know later which one to close.",
            "has_names": "Only if nobody else looks at that calendar. Unticked, every entry just says “Visit”.",
        }
