"""Names of one line, in every form that takes one: they end up in subjects and headers of mails."""

import pytest
from django import forms
from django.urls import reverse

import booking.forms
import booking.online_forms
import clients.forms
import protocols.forms
import referrals.forms
import reminders.forms
import sessions.forms
import workspace.forms
import workspace.settings_forms
from clients.models import Client, Intake
from practice.forms import INVISIBLE, NOT_ONE_LINE, OneLineForm, breaks_a_line, is_invisible
from referrals.models import Referrer
from tests.clients.conftest import Phone, ada_in_care, intake  # noqa: F401
from tests.world import TODAY

ROOMS = (
    booking.forms,
    booking.online_forms,
    clients.forms,
    protocols.forms,
    referrals.forms,
    reminders.forms,
    sessions.forms,
    workspace.forms,
    workspace.settings_forms,
)
NAMES = {
    "name",
    "first_name",
    "last_name",
    "guardian_name",
    "clinician_name",
    "signed_name",
    "profession",
    "organisation",
    "credential",
    "address",
}
TWO_LINES = "Ada\r\nBcc: everybody@mail.example"


@pytest.mark.parametrize(
    "text",
    [
        TWO_LINES,
        "Ada\nLovelace",
        "Ada\rL",
        "Ada\tL",
        "Ada\x0bL",
        "Ada\x1b[2JL",
        "Ada\x7f",
        "A\x85L",
        "A\u2028L",
        "A\u2029L",
    ],
)
def test_a_text_with_a_break_or_a_control_character_is_not_one_line(text):
    assert breaks_a_line(text)


@pytest.mark.parametrize(
    "text", ["Ada Müller", "Zoë O’Neill-Łoś", "李 小龍", "می\u200cخواهم", "👩‍👩‍👧", "", None, 7, ["a\nb"]]
)
def test_a_name_of_any_alphabet_is_one_line(text):
    assert not breaks_a_line(text)


@pytest.mark.parametrize(
    "letter", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff\xad\U000e0041"
)
def test_a_character_that_turns_or_hides_a_name_is_refused_in_words(letter):
    name = f"Ada{letter}ecilA"

    assert is_invisible(name)
    assert clients.forms.ClientForm({"first_name": name}, today=TODAY).errors["first_name"] == [INVISIBLE]


@pytest.mark.parametrize("text", ["می\u200cخواهم", "👩\u200d👧", "\u200fמרים\u200e", "Ada Müller", "", None, 7])
def test_joiners_and_the_marks_of_right_to_left_names_may_stand(text):
    assert not is_invisible(text)


def test_a_newcomer_turns_no_page_around():
    typed = {"first_name": "Nora\u202e", "last_name": "Lind"}

    errors = booking.online_forms.NewcomerForm(typed, service=None, today=TODAY).errors

    assert errors["first_name"] == [INVISIBLE]
    assert "last_name" not in errors


def test_every_form_that_takes_a_name_refuses_two_lines():
    forms_here = [each for room in ROOMS for each in vars(room).values() if isinstance(each, type)]
    with_names = {each for each in forms_here if NAMES & set(getattr(each, "base_fields", {}))}

    assert len(with_names) >= 10
    assert [each.__name__ for each in with_names if not issubclass(each, OneLineForm)] == []


def forged(of: type[forms.BaseForm], field: str, **options):
    form = of({field: TWO_LINES}, **options)
    return form.errors.get(field, [])


def test_each_form_says_it_at_the_field(db):
    own = {"today": TODAY}
    cases = [
        *((clients.forms.ClientForm, name, own) for name in ("first_name", "last_name", "guardian_name", "address")),
        (clients.forms.ClearanceForm, "clinician_name", own),
        (clients.forms.ConsentForm, "signed_name", {}),
        (clients.forms.HandInForm, "signed_name", {"needs_guardian": False}),
        (referrals.forms.ReferrerForm, "name", {}),
        (referrals.forms.ReferrerForm, "organisation", {}),
        (referrals.forms.LetterForm, "name", {**own, "referrers": Referrer.objects.all()}),
        (workspace.forms.FirstRunForm, "name", {}),
        (workspace.forms.FirstRunForm, "first_name", {}),
        (workspace.settings_forms.PracticeForm, "name", {}),
        (workspace.settings_forms.PracticeForm, "address", {}),
        (workspace.settings_forms.PracticeForm, "urgent_advice", {}),
        (workspace.settings_forms.StaffForm, "first_name", {"is_new": True}),
        (workspace.settings_forms.StaffForm, "credential", {"is_new": True}),
        (workspace.settings_forms.RoomForm, "name", {}),
        (workspace.settings_forms.ServiceForm, "name", {}),
    ]

    missing = [(of.__name__, name) for of, name, options in cases if NOT_ONE_LINE not in forged(of, name, **options)]

    assert missing == []


def test_a_forged_name_is_refused_and_kept_on_the_page(signed_in, dana, practice):
    typed = {"first_name": TWO_LINES, "last_name": "Hart", "email": "cleo@mail.example"}

    answer = signed_in(dana).post(reverse("clients:client_create"), typed)

    assert answer.status_code == 422
    assert NOT_ONE_LINE in answer.content.decode()
    assert "Hart" in answer.content.decode()
    assert not Client.objects.exists()


def test_a_forged_signature_hands_nothing_in(intake):  # noqa: F811
    phone = Phone(intake)
    phone.open()

    answer = phone.hand_in(signed_name=TWO_LINES)

    assert answer.status_code == 422
    assert not Intake.objects.get().is_submitted


def test_words_of_several_lines_stay_welcome_where_they_belong():
    assert clients.forms.HistoryForm(dict.fromkeys(clients.forms.HISTORY_FIELDS, "one\ntwo")).is_valid()
