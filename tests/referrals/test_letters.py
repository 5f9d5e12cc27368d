"""Taking in a letter at the desk."""

import pytest

from clients.models import Client
from referrals.letters import LetterFromTheFuture, enter_referrer, take_in_referral
from referrals.models import Referral, Referrer
from tests.support.visits import make_visit
from tests.world import NOW, TODAY

NEW = "/referrals/new/"
LETTER = {
    "letter-name": "Dr. Nora Lind",
    "letter-profession": "chiropractor",
    "letter-email": "nora@spine.example",
    "letter-received_on": "2026-11-20",
    "letter-question": "Buttock pain when sitting. Please treat and report.",
}
PERSON = {"first_name": "Ida", "last_name": "Holm", "born_on": "1971-03-02", "phone": "+447911123457"}


def test_referral_create_takes_in_letter_client_and_referrer_together(signed_in, dana):
    response = signed_in(dana).post(NEW, {**LETTER, **PERSON})

    referral = Referral.objects.get()
    assert response.status_code == 302
    assert (referral.client.last_name, referral.referrer.name) == ("Holm", "Dr. Nora Lind")


def test_referral_create_warns_of_a_duplicate_and_keeps_what_was_typed(signed_in, dana, ada):
    typed = {**LETTER, **PERSON, "first_name": "Ada", "last_name": "Muller", "phone": str(ada.phone)}

    response = signed_in(dana).post(NEW, typed)

    page = response.content.decode()
    assert "Perhaps on file already" in page
    assert "Buttock pain when sitting" in page
    assert not Referral.objects.exists()


def test_referral_create_takes_the_one_on_file_when_the_desk_says_so(signed_in, dana, ada):
    signed_in(dana).post(NEW, {**LETTER, **PERSON, "client": ada.pk})

    assert Referral.objects.get().client == ada
    assert Client.objects.count() == 1


def test_referral_create_makes_another_person_when_the_desk_says_so(signed_in, dana, ada):
    typed = {**LETTER, **PERSON, "first_name": "Ada", "last_name": "Muller"}

    signed_in(dana).post(NEW, {**typed, "known_duplicates": str(ada.pk), "is_another_person": "yes"})

    assert Client.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("letter-received_on", "2026-11-24", "The letter came in today or earlier"),
        ("letter-received_on", "9999-12-31", "The letter came in today or earlier"),
        ("letter-received_on", "soon", "Enter a valid date"),
        ("letter-name", "", "Choose a referrer above"),
        ("letter-question", "", "This field is required"),
        ("letter-question", "x" * 2001, "at most 2000 characters"),
        ("letter-visits_allowed", "-3", "greater than or equal to 0"),
        ("letter-referrer", "999999", "Select a valid choice"),
        ("born_on", "9999-01-01", "date of birth"),
    ],
)
def test_referral_create_says_at_the_field_what_is_wrong(signed_in, dana, field, value, words):
    response = signed_in(dana).post(NEW, {**LETTER, **PERSON, field: value})

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Referral.objects.exists()
    assert not Referrer.objects.exists()


@pytest.mark.parametrize("client_id", ["999999", "-1", "x", "9" * 30, "²"])
def test_referral_create_knows_no_such_client(signed_in, dana, client_id):
    assert signed_in(dana).get(NEW, {"client": client_id}).status_code == 404


def test_take_in_referral_refuses_a_letter_from_the_future(ada, dana):
    referrer = enter_referrer(name="N", profession="other", organisation="", email="", phone="", by=dana, at=NOW)

    with pytest.raises(LetterFromTheFuture):
        take_in_referral(
            referrer=referrer, client=ada, received_on=TODAY.replace(day=24), question="?", by=dana, at=NOW, today=TODAY
        )


def test_referral_detail_keeps_the_letters_words_from_the_desk(signed_in, dana, mia, tom, ada, massage):
    referrer = enter_referrer(name="N", profession="other", organisation="", email="", phone="", by=dana, at=NOW)
    referral = take_in_referral(
        referrer=referrer, client=ada, received_on=TODAY, question="CANARY", by=dana, at=NOW, today=TODAY
    )
    make_visit(ada, mia, massage)

    assert "CANARY" not in signed_in(dana).get(referral.get_absolute_url()).content.decode()
    assert "CANARY" in signed_in(mia).get(referral.get_absolute_url()).content.decode()
    assert signed_in(tom).get(referral.get_absolute_url()).status_code == 404
