"""Phone numbers as people of the practice's country type, search and read them.

The practice's own number says which country that is; before there is a practice, PHONE_REGION does.
"""

import re
from contextvars import ContextVar
from functools import lru_cache

import phonenumbers
from django import forms
from django.conf import settings
from django.utils.functional import lazy
from phonenumber_field.formfields import PhoneNumberField
from phonenumber_field.phonenumber import to_python
from phonenumber_field.widgets import RegionalPhoneNumberWidget

NOWHERE = (None, "ZZ", phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY)
A_DATE = re.compile(r"\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2\d{4}")

_region: ContextVar[str] = ContextVar("phone_region", default="")


def activate(own_number) -> None:
    """Stand in the country of the practice's own number, as its time zone is stood in."""
    _region.set(_region_known(str(own_number), home_region()))


def deactivate() -> None:
    """Stand in PHONE_REGION again."""
    _region.set("")


def home_region() -> str:
    """Return the two letters of the country whose numbers need no country code here."""
    return _region.get() or settings.PHONENUMBER_DEFAULT_REGION


def region_of(number) -> str:
    """Return the country of a number, or "" if it has none: +44 20 7946 0958 -> "GB"."""
    parsed = parse_phone(number)
    if parsed is None:
        return ""
    regions = (
        phonenumbers.region_code_for_number(parsed),
        phonenumbers.region_code_for_country_code(parsed.country_code),
    )
    return next((region for region in regions if region not in NOWHERE), "")


@lru_cache(maxsize=8)
def _region_known(number: str, _home: str) -> str:
    """Keep the answer for the practice's own number, which is asked with every page."""
    return region_of(number)


def parse_phone(value):
    """Return the parsed number, or None when it cannot be one."""
    try:
        return phonenumbers.parse(str(value or ""), home_region())
    except phonenumbers.NumberParseException:
        return None


def written(value, *, home: str = "") -> str:
    """Return a phone number as people in the country `home` read it: 020 7946 0000; others keep their country code.

    Without `home` that is the country the page stands in. What is no number stays as it was typed.
    """
    number = parse_phone(value) if value else None
    if number is None:
        return str(value or "")
    is_home = number.country_code == phonenumbers.country_code_for_region(home or home_region())
    formats = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, formats.NATIONAL if is_home else formats.INTERNATIONAL)


def own_number(practice) -> str:
    """Return the practice's number as its clients read it, wherever it is written: on a page, in a mail or a calendar."""
    return _own_number_known(str(practice.phone), home_region())


@lru_cache(maxsize=8)
def _own_number_known(number: str, _home: str) -> str:
    """Keep the answer for the practice's own number, which stands in every mail."""
    return written(number, home=region_of(number))


def national_digits(text: str) -> str:
    """Return the digits that a stored number of `text` ends with, or "" if it is no whole phone number, or a date."""
    number = parse_phone(text)
    if A_DATE.fullmatch(text.strip()) or number is None or not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.national_significant_number(number)


def what_is_wrong() -> str:
    """Return what to type instead of something that is no phone number, with an example of this country."""
    example = phonenumbers.example_number(home_region())
    local, abroad = (
        phonenumbers.format_number(example, form)
        for form in (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    )
    return (
        f"Write a whole phone number as it is dialled here, for example {local}, "
        f"or with its country code, for example {abroad}."
    )


class PhoneInput(RegionalPhoneNumberWidget):
    """Shows numbers of this country without their country code, and what is no number as it was typed."""

    @property
    def region(self) -> str:
        """The country the page stands in, asked anew for each page."""
        return home_region()

    @region.setter
    def region(self, _fixed):
        """Forget the country of the moment the form was written."""

    def format_value(self, value):
        number = parse_phone(value)
        is_number = number is not None and phonenumbers.is_valid_number(number)
        return super().format_value(value) if is_number else forms.TextInput.format_value(self, value)


class PhoneField(PhoneNumberField):
    """A phone number, typed with or without the country code of the practice's own country."""

    widget = PhoneInput

    def __init__(self, **options):
        super().__init__(**options)
        self.error_messages["invalid"] = lazy(what_is_wrong, str)()

    def to_python(self, value):
        text = forms.CharField.to_python(self, value)
        return to_python(text, region=home_region()) if text else self.empty_value
