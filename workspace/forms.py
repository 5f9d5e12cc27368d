"""What an owner may say when the practice is founded."""

from django import forms
from django.contrib.auth import password_validation

from practice.forms import OneLineForm
from practice.models import User
from practice.phones import PhoneField
from practice.zones import zone_names


class FirstRunForm(OneLineForm, forms.Form):
    """The practice, its owner, and the set-up code. `cleaned_data` is what `found_practice` takes."""

    setup_code = forms.CharField(
        label="Set-up code", max_length=40, help_text="Printed where you started the practice, below its address."
    )
    name = forms.CharField(label="Name of the practice", max_length=120)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=[("", "Choose …"), *((name, name.replace("_", " ")) for name in zone_names())],
        widget=forms.Select(attrs={"data-own-zone": ""}),
        help_text="All times here are kept and shown in it.",
    )
    address = forms.CharField(label="Address", max_length=300, help_text="As clients should read it in a mail.")
    phone = PhoneField(label="Phone", help_text="With the country code, for example +44 20 7946 0000.")
    emergency_number = forms.RegexField(
        r"^[0-9 +*#-]{2,20}$",
        label="Emergency number",
        help_text="What people dial in an emergency where you are: 911, 999 or 112.",
        error_messages={"invalid": "Digits only, for example 112."},
    )
    urgent_advice = forms.CharField(
        label="Where to go when it is urgent but no emergency",
        max_length=300,
        required=False,
        help_text="For example: call your doctor, or NHS 111.",
    )
    first_name = forms.CharField(label="Your first name", max_length=150)
    last_name = forms.CharField(label="Your last name", max_length=150)
    username = forms.CharField(label="User name", max_length=150, validators=[User.username_validator])
    email = forms.EmailField(label="Your e-mail")
    roles = forms.MultipleChoiceField(
        label="Besides owning the practice, I also …",
        choices=[("is_therapist", "treat clients"), ("is_front_desk", "keep the front desk")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    password = forms.CharField(
        label="Password",
        max_length=128,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. A sentence is easiest to remember.",
    )

    def clean_password(self):
        password = self.cleaned_data["password"]
        password_validation.validate_password(password)
        return password

    def clean(self):
        given = super().clean()
        if self.errors:
            return given
        owner = {name: given.pop(name) for name in ("first_name", "last_name", "username", "email", "password")}
        owner |= dict.fromkeys(given.pop("roles"), True)
        return {"setup_code": given.pop("setup_code"), "owner": owner, "practice": given}
