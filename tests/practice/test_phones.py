"""Phone numbers: typed, searched and shown as in the practice's own country, which its own number tells."""

import pytest
from django import forms
from django.urls import reverse

from clients.models import Client
from practice import phones
from practice.models import Practice
from practice.templatetags.ui import phone as shown
from tests.world import make_client

LONDON, CHICAGO, BERLIN = "+442079460000", "+13125550100", "+493012345678"


class OnePhone(forms.Form):
    phone = phones.PhoneField()


@pytest.fixture(autouse=True)
def back_home():
    yield
    phones.deactivate()


@pytest.mark.parametrize(
    ("own", "region"),
    [
        (LONDON, "GB"),
        (CHICAGO, "US"),
        (BERLIN, "DE"),
        ("+14165550100", "CA"),
        ("+441481256789", "GG"),
        ("", ""),
        ("+99999", ""),
        ("+80012345678", ""),
    ],
)
def test_a_number_tells_its_country(own, region):
    assert phones.region_of(own) == region


def test_without_a_practice_the_setting_tells_the_country(settings):
    settings.PHONENUMBER_DEFAULT_REGION = "DE"
    phones.activate("")

    assert phones.home_region() == "DE"


@pytest.mark.parametrize(
    ("own", "typed", "stored"),
    [
        (LONDON, "020 7946 0958", "+442079460958"),
        (LONDON, "(020) 7946 0958", "+442079460958"),
        (LONDON, "+44 (0)20 7946 0958", "+442079460958"),
        (LONDON, "+1 212 555 0142", "+12125550142"),
        (CHICAGO, "(212) 555-0142", "+12125550142"),
        (CHICAGO, "1-212-555-0142", "+12125550142"),
        (CHICAGO, "+44 20 7946 0958", "+442079460958"),
        (BERLIN, "030 12345679", "+493012345679"),
    ],
)
def test_a_local_number_is_read_in_the_practices_country(own, typed, stored):
    phones.activate(own)
    form = OnePhone({"phone": typed})

    assert form.is_valid(), form.errors
    assert str(form.cleaned_data["phone"]) == stored


@pytest.mark.parametrize(
    ("own", "typed", "example"),
    [(LONDON, "(212) 555-0142", "0121 234 5678"), (CHICAGO, "020 7946 0958", "(201) 555-0123"), (LONDON, "abc", "+44")],
)
def test_what_is_no_number_here_is_refused_with_an_example(own, typed, example):
    phones.activate(own)
    form = OnePhone({"phone": typed})

    assert example in form.errors["phone"][0]
    assert typed in form.as_p()


def test_a_number_is_shown_as_it_is_dialled_here():
    phones.activate(LONDON)
    assert shown("+442079460958") == "020 7946 0958"
    assert shown("+12125550142") == "+1 212-555-0142"
    assert 'value="020 7946 0958"' in OnePhone(initial={"phone": "+442079460958"}).as_p()

    phones.activate(CHICAGO)
    assert shown("+12125550142") == "(212) 555-0142"
    assert shown("+442079460958") == "+44 20 7946 0958"
    assert 'value="(212) 555-0142"' in OnePhone(initial={"phone": "+12125550142"}).as_p()


@pytest.mark.parametrize("day", ["1980-05-17", "17.05.1980", "17/05/1980", "5/17/1980"])
@pytest.mark.parametrize("own", [LONDON, CHICAGO, BERLIN])
def test_a_date_is_no_phone_number(own, day):
    phones.activate(own)

    assert phones.national_digits(day) == ""


@pytest.mark.parametrize(
    ("own", "stored", "typed"),
    [
        (CHICAGO, "+12125550142", ["(212) 555-0142", "212-555-0142", "212.555.0142", "1 212 555 0142", "5550142"]),
        (LONDON, "+442079460958", ["020 7946 0958", "+44 (0)20 7946 0958", "0044 20 7946 0958", "0958", "02079460958"]),
    ],
)
def test_a_client_is_found_by_a_number_however_it_is_typed(db, own, stored, typed):
    phones.activate(own)
    client = make_client("Cleo", "Hart", phone=stored)
    make_client("Ben", "Okafor", phone="+447911999888")

    for text in typed:
        assert list(Client.objects.matching(text)) == [client], text


@pytest.mark.parametrize(
    ("own", "typed", "stored"),
    [(LONDON, "020 7946 0958", "+442079460958"), (CHICAGO, "(212) 555-0142", "+12125550142")],
)
def test_the_desk_types_a_local_number_and_is_told_who_has_it_already(signed_in, dana, practice, own, typed, stored):
    Practice.objects.update(phone=own)
    desk, page = signed_in(dana), reverse("clients:client_create")

    created = desk.post(page, {"first_name": "Cleo", "last_name": "Hart", "phone": typed})
    again = desk.post(page, {"first_name": "Joan", "last_name": "Lark", "phone": typed})

    assert created.status_code == 302
    assert str(Client.objects.get().phone) == stored
    assert "same phone number" in again.content.decode().lower()
    assert typed in again.content.decode()


def test_the_country_ends_with_the_request(signed_in, dana, practice, settings):
    settings.PHONENUMBER_DEFAULT_REGION = "DE"

    signed_in(dana).get(reverse("clients:client_list"))

    assert phones.home_region() == "DE"
