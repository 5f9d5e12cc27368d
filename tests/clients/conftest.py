"""Ada in Mia's care, and browsers that walk through an intake."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Appointment
from clients.intakes import GROUPS, request_intake
from clients.models import IntakeLink
from clients.walk import STEPS
from tests.clients.answers import calm
from tests.world import NINE, NOW, minutes

SIGNATURE = {
    "treatment": "yes",
    "sensitive_areas": "no",
    "share_with_referrer": "yes",
    "signed_name": "Ada Müller",
}


@pytest.fixture
def ada_in_care(ada, mia, massage, green_room):
    """Ada has a visit with Mia on the day of the tests."""
    Appointment.objects.create(
        client=ada,
        therapist=mia,
        service=massage,
        room=green_room,
        starts_at=NINE,
        ends_at=NINE + minutes(60),
        booked_at=NOW,
    )
    return ada


@pytest.fixture
def intake(ada_in_care, dana):
    """Ada was asked for an intake."""
    return request_intake(client=ada_in_care, by=dana, at=NOW)


class Phone:
    """A client's browser with an intake open in it."""

    def __init__(self, intake):
        self.browser = Browser()
        self.intake = intake
        self.token = IntakeLink.mint(now=NOW, expires_at=NOW + minutes(60), intake=intake)
        self.handle = IntakeLink.objects.opened_by(self.token, now=NOW).handle

    def open(self):
        return self.browser.get(reverse("clients:intake_open", args=[self.token]), follow=True)

    def url(self, name, *args):
        return reverse(f"clients:{name}", args=[self.handle, *args])

    def get(self, name, *args, **options):
        return self.browser.get(self.url(name, *args), **options)

    def send(self, step, data=None, **options):
        return self.browser.post(self.url("intake_group", step), data or {}, **options)

    def send_all(self, **changes):
        """Answer every group calmly and walk to the consent page."""
        for step in STEPS[:-2]:
            keys = GROUPS[step.key].items if step.is_group else ()
            self.send(step.key, typed({key: value for key, value in calm(**changes).items() if key in keys}))

    def hand_in(self, **changes):
        return self.send("sign", {**SIGNATURE, **changes})


def typed(answers):
    """Write answers as a form sends them."""
    words = {True: "yes", False: "no"}
    return {key: words[value] if isinstance(value, bool) else str(value) for key, value in answers.items()}


@pytest.fixture
def phone(intake):
    opened = Phone(intake)
    opened.open()
    return opened
