"""What an owner may type about the practice, its people, rooms, services and hours."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field
from django import forms
from django.utils.text import slugify

from practice.forms import OneLineForm, helper, row
from practice.models import Closure, Practice, Role, Room, Service, User, WorkingHours
from practice.phones import PhoneField
from practice.zones import at_wall_time, zone_names

FIRST_YEAR, LAST_YEAR = 2000, 2100


class DayField(forms.DateField):
    """A calendar day a practice may plan for."""

    def __init__(self, **options):
        limits = {"type": "date", "min": f"{FIRST_YEAR}-01-01", "max": f"{LAST_YEAR}-12-31"}
        super().__init__(widget=forms.DateInput(format="%Y-%m-%d", attrs=limits), **options)

    def validate(self, value):
        super().validate(value)
        if value and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise forms.ValidationError(f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.")


class ClockField(forms.TimeField):
    """A wall-clock time of the practice."""

    def __init__(self, **options):
        super().__init__(widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}), **options)


class PracticeForm(OneLineForm, forms.ModelForm):
    """The practice's own data and the numbers it runs on."""

    time_zone = forms.ChoiceField(label="Time zone", choices=[(name, name.replace("_", " ")) for name in zone_names()])
    phone = PhoneField(label="Phone")

    class Meta:
        model = Practice
        fields = [
            "name",
            "address",
            "phone",
            "email",
            "time_zone",
            "emergency_number",
            "urgent_advice",
            "slot_minutes",
            "notice_minutes",
            "horizon_days",
            "change_window_hours",
            "is_online_booking_open",
            "offer_minutes",
            "same_day_offer_minutes",
        ]
        labels = {
            "is_online_booking_open": "Clients book online",
            "email": "E-mail for replies",
            "slot_minutes": "Visits start every … minutes",
            "notice_minutes": "Shortest notice for clients, minutes",
            "horizon_days": "Clients may book this many days ahead",
            "change_window_hours": "Clients may move or cancel until … hours before",
            "offer_minutes": "A freed time is held for the waitlist, minutes",
            "same_day_offer_minutes": "The same for a time of today, minutes",
        }

    @property
    def helper(self) -> FormHelper:
        """Who the practice is, then its numbers."""
        return helper(
            "name",
            "address",
            row("phone", "email"),
            "time_zone",
            row("emergency_number", "urgent_advice"),
            row("slot_minutes", "notice_minutes"),
            row("horizon_days", "change_window_hours"),
            row("offer_minutes", "same_day_offer_minutes"),
            "is_online_booking_open",
        )


class StaffForm(OneLineForm, forms.Form):
    """A colleague: how they are called, how they sign in, what they do."""

    first_name = forms.CharField(label="First name", max_length=150)
    last_name = forms.CharField(label="Last name", max_length=150)
    username = forms.CharField(label="User name", max_length=150, validators=[User.username_validator])
    email = forms.EmailField(label="E-mail", max_length=254)
    phone = PhoneField(label="Phone", required=False)
    credential = forms.CharField(
        label="Licence or title", max_length=80, required=False, help_text="Stands under signed notes and reports."
    )
    roles = forms.MultipleChoiceField(
        label="What they do here",
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one."},
    )

    def __init__(self, *args, is_new: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["username"]

    def clean_roles(self):
        return set(self.cleaned_data["roles"])

    @property
    def helper(self) -> FormHelper:
        """Name, sign-in, roles."""
        sign_in = row("username", "email") if "username" in self.fields else "email"
        return helper(row("first_name", "last_name"), sign_in, row("phone", "credential"), Field("roles"))


class TickedRows(forms.ModelMultipleChoiceField):
    """Rows to tick. A number no database can hold names no row; asked for it, SQLite would break."""

    widget = forms.CheckboxSelectMultiple
    longest_number = 18  # digits

    def clean(self, value):
        if too_long := [one for one in value or () if len(str(one)) > self.longest_number]:
            words, shown = self.error_messages["invalid_choice"], {"value": too_long[0][: self.longest_number]}
            raise forms.ValidationError(words, code="invalid_choice", params=shown)
        return super().clean(value)


class RoomForm(OneLineForm, forms.ModelForm):
    """A room."""

    class Meta:
        model = Room
        fields = ["name", "is_active"]

    @property
    def helper(self) -> FormHelper:
        """The fields alone; the form and its button stand in the template."""
        return helper()


class ServiceForm(OneLineForm, forms.ModelForm):
    """Something that can be booked."""

    class Meta:
        model = Service
        fields = [
            "name",
            "duration_minutes",
            "buffer_before_minutes",
            "buffer_after_minutes",
            "is_first_visit",
            "is_online",
            "needs_room",
            "therapists",
            "rooms",
            "is_active",
        ]
        labels = {
            "duration_minutes": "Lasts, minutes",
            "buffer_before_minutes": "Kept free before, minutes",
            "buffer_after_minutes": "Kept free after, minutes",
            "needs_room": "Needs a room",
            "therapists": "Given by",
        }
        help_texts = {"therapists": ""}
        field_classes = {"therapists": TickedRows, "rooms": TickedRows}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["therapists"].queryset = User.objects.therapists().order_by("first_name", "pk")
        self.fields["therapists"].label_from_instance = lambda user: user.name
        self.fields["rooms"].queryset = Room.objects.active().order_by("name")

    def clean_name(self):
        """A service's address is made from its name once and stays, since commands and links use it."""
        name = self.cleaned_data["name"]
        if self.instance.slug:
            return name
        slug = slugify(name)[:50]
        if not slug:
            raise forms.ValidationError("Use at least one letter or digit.")
        if Service.objects.filter(slug=slug).exists():
            raise forms.ValidationError("There is a service of that name already.")
        self.instance.slug = slug
        return name

    @property
    def many(self) -> dict:
        """The many-to-many rows, as `keep` takes them."""
        return {name: self.cleaned_data[name] for name in ("therapists", "rooms")}

    @property
    def helper(self) -> FormHelper:
        """What, how long, who and where."""
        return helper(
            row("name", "duration_minutes"),
            row("buffer_before_minutes", "buffer_after_minutes"),
            Field("therapists", wrapper_class="choices-stack"),
            "needs_room",
            Field("rooms", wrapper_class="choices-stack"),
            "is_first_visit",
            "is_online",
            "is_active",
        )


class HoursForm(forms.Form):
    """Working hours of one therapist on one weekday."""

    weekday = forms.TypedChoiceField(label="Day", choices=WorkingHours.Weekday.choices, coerce=int)
    starts = ClockField(label="From")
    ends = ClockField(label="To")
    valid_from = DayField(label="First day, if not always", required=False)
    valid_to = DayField(label="Last day, if not always", required=False)

    def clean(self):
        given = super().clean()
        starts, ends = given.get("starts"), given.get("ends")
        if starts and ends and ends <= starts:
            self.add_error("ends", "The end must come after the start.")
        first, last = given.get("valid_from"), given.get("valid_to")
        if first and last and last < first:
            self.add_error("valid_to", "The last day must not come before the first.")
        return given

    @property
    def helper(self) -> FormHelper:
        """One line on a wide page."""
        return helper(row("weekday", "starts", "ends"), row("valid_from", "valid_to"))


class SpanForm(forms.Form):
    """A span of wall-clock time in the practice's zone, to whole days or to the minute."""

    first_day = DayField(label="From")
    from_time = ClockField(label="at", required=False, help_text="Empty: the whole day.")
    last_day = DayField(label="To and including")
    to_time = ClockField(label="until", required=False, help_text="Empty: to the end of the day.")

    def __init__(self, *args, zone: ZoneInfo, **kwargs):
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self):
        given = super().clean()
        if "first_day" not in given or "last_day" not in given:
            return given
        starts_at = at_wall_time(given["first_day"], given.get("from_time") or time(0), self.zone)
        ends_at = self._end(given["last_day"], given.get("to_time"))
        if ends_at <= starts_at:
            self.add_error("last_day", "The end must come after the start.")
        given["starts_at"], given["ends_at"] = starts_at, ends_at
        return given

    def _end(self, day, wall) -> datetime:
        return at_wall_time(day, wall, self.zone) if wall else at_wall_time(day + timedelta(days=1), time(0), self.zone)


class ClosureForm(OneLineForm, SpanForm):
    """Time that is not to be booked: of the practice, one therapist or one room."""

    therapist = forms.ModelChoiceField(
        label="Whose time",
        queryset=User.objects.none(),
        required=False,
        empty_label="The whole practice, or the room below",
    )
    room = forms.ModelChoiceField(
        label="Room", queryset=Room.objects.none(), required=False, empty_label="No room in particular"
    )
    reason = forms.CharField(
        label="Reason", max_length=120, required=False, help_text="For the board, such as: holiday."
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["therapist"].queryset = User.objects.therapists().order_by("first_name", "pk")
        self.fields["therapist"].label_from_instance = lambda user: user.name
        self.fields["room"].queryset = Room.objects.active().order_by("name")

    def clean(self):
        given = super().clean()
        if given.get("therapist") and given.get("room"):
            self.add_error("room", "Close the therapist's time or the room, not both at once.")
        return given

    @property
    def closure(self) -> Closure:
        """The row to keep."""
        fields = ("therapist", "room", "reason", "starts_at", "ends_at")
        return Closure(**{name: self.cleaned_data[name] for name in fields})

    @property
    def helper(self) -> FormHelper:
        """Whose, then when."""
        return helper(row("therapist", "room"), row("first_day", "from_time"), row("last_day", "to_time"), "reason")


class CoverForm(SpanForm):
    """One therapist stands in for another."""

    who = forms.ModelChoiceField(label="Who covers", queryset=User.objects.none())
    for_whom = forms.ModelChoiceField(label="For whom", queryset=User.objects.none())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("who", "for_whom"):
            self.fields[name].queryset = User.objects.therapists().order_by("first_name", "pk")
            self.fields[name].label_from_instance = lambda user: user.name

    def clean(self):
        given = super().clean()
        if given.get("who") and given.get("who") == given.get("for_whom"):
            self.add_error("for_whom", "Choose two different people.")
        return given

    @property
    def cover(self) -> dict:
        """What `give_cover` takes."""
        given = self.cleaned_data
        return {
            "who": given["who"],
            "for_whom": given["for_whom"],
            "starts_at": given["starts_at"],
            "until": given["ends_at"],
        }

    @property
    def helper(self) -> FormHelper:
        """Who for whom, then when."""
        return helper(row("who", "for_whom"), row("first_day", "from_time"), row("last_day", "to_time"))
