"""The demo practice as it stands at twenty past one: everybody at their stage, nothing real, nothing broken."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlsplit

import phonenumbers
import pytest
from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from booking.models import Appointment, AppointmentChange, Series, WaitlistEntry, WaitlistOffer
from booking.undo import UNDO_TIME, last_act
from clients.gate import gates_for
from clients.models import Clearance, Client, Intake, Screening, Task
from practice.models import Cover, Practice, Room, Service, User
from protocols.models import TreatmentPlan
from protocols.plans import measured_under
from protocols.progress import change_of
from referrals.models import Referral, Referrer, Report
from reminders.due import derive_due
from reminders.models import CheckIn, Message
from reminders.outbox import send_due
from sessions.chain import verify
from sessions.models import AdverseEvent, Amendment, TreatmentSession
from workspace.demo import SIGN_INS
from workspace.demo.builder import make_demo
from workspace.today import day_of

pytestmark = pytest.mark.django_db
EARLY_AFTERNOON = datetime(2026, 11, 23, 13, 20, tzinfo=UTC)  # a Monday; the demo stands in London then


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """One demo for the module, taken back at its end; what a test writes is taken back with the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_demo(seed=1, size="small", now=EARLY_AFTERNOON)
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def early_afternoon(still_clock):
    still_clock.at = EARLY_AFTERNOON


@pytest.fixture
def owner(demo, signed_in):
    return signed_in(demo.owner)


def current(triage):
    return Screening.objects.filter(superseded_by__isnull=True, triage=triage)


def client_named(first, last):
    return Client.objects.get(first_name=first, last_name=last)


def pain_before(client):
    sessions = TreatmentSession.objects.signed().filter(client=client).order_by("started_at")
    return list(sessions.values_list("pain_before_nrs", flat=True))


# --- the house


def test_make_demo_founds_a_practice_of_five_therapists_and_three_rooms(demo):
    assert Practice.objects.get().is_demo
    assert User.objects.therapists().count() == 5
    assert Room.objects.count() == 3
    assert Service.objects.count() == 3
    assert Referrer.objects.count() == 5
    assert [user.username for user in User.objects.filter(is_owner=True)] == ["olga"]


def test_nobody_is_offered_to_take_back_what_the_loader_did_in_their_name(demo):
    acted = AppointmentChange.objects.filter(at__gt=EARLY_AFTERNOON - UNDO_TIME, by__isnull=False)
    booked = Appointment.objects.filter(booked_at__gt=EARLY_AFTERNOON - UNDO_TIME, booked_by__isnull=False)

    assert acted.exists() or booked.exists()
    assert [last_act(user, EARLY_AFTERNOON) for user in User.objects.all()] == [None] * User.objects.count()


def test_make_demo_lets_one_therapist_cover_another_who_goes_away(demo):
    cover = Cover.objects.get(starts_at__lte=EARLY_AFTERNOON, until__gt=EARLY_AFTERNOON)
    assert cover.for_whom.closures.filter(starts_at__gt=EARLY_AFTERNOON).exists()


def test_sign_ins_open_the_practice(demo):
    for username, password, _ in SIGN_INS:
        assert User.objects.get(username=username).check_password(password)
    assert len(SIGN_INS) == User.objects.count()


# --- today


def test_today_every_therapist_has_visits(demo):
    for therapist in User.objects.therapists():
        day = day_of(therapist, day=EARLY_AFTERNOON.date(), now=EARLY_AFTERNOON, zone=UTC)
        assert day.cards, therapist.username


def test_today_is_under_way(demo):
    today = Appointment.objects.filter(
        starts_at__gt=EARLY_AFTERNOON - timedelta(hours=8), starts_at__lt=EARLY_AFTERNOON + timedelta(hours=8)
    )
    arrived = today.filter(status="arrived")
    assert arrived.filter(treatment_sessions__signed_at__isnull=False).count() >= 4
    assert arrived.filter(treatment_sessions__signed_at__isnull=True, treatment_sessions__isnull=False).exists()
    assert arrived.uncharted().exists()
    assert today.filter(starts_at__gt=EARLY_AFTERNOON, status__in=["booked", "confirmed"]).count() >= 5


def test_the_next_two_weeks_are_booked_while_therapists_work(demo):
    coming = Appointment.objects.live().filter(starts_at__gt=EARLY_AFTERNOON)
    days = {visit.starts_at.date() for visit in coming}
    assert coming.count() >= 25
    assert len(days) >= 8
    for visit in coming.select_related("therapist"):
        hours = visit.therapist.working_hours.get(weekday=visit.starts_at.weekday())
        assert hours.starts <= visit.starts_at.time() <= visit.ends_at.time() <= hours.ends


# --- every stage of the walk


def test_somebody_has_just_been_referred(demo):
    assert Referral.objects.filter(client__appointments__isnull=True, client__intakes__isnull=True).count() == 2


def test_intakes_are_unopened_half_done_and_waiting_for_a_call(demo):
    assert Intake.objects.open().filter(started_at__isnull=True, wants_mail=True).exists()
    assert Intake.objects.open().filter(started_at__isnull=False, client__tasks__isnull=True).exists()
    assert Task.objects.open().filter(kind=Task.Kind.INTAKE_BY_PHONE).exists()


def test_an_emergency_answer_stops_the_visit_and_calls_the_therapist(demo):
    grace = client_named("Grace", "Mwangi")
    assert not gates_for([grace.pk])[grace.pk].is_bookable
    assert grace.tasks.open().filter(kind=Task.Kind.SCREENING_ALERT).exists()
    assert grace.appointments.upcoming(EARLY_AFTERNOON).exists()


def test_an_emergency_of_last_week_was_handled_in_words(demo):
    task = client_named("Victor", "Lindgren").tasks.get()
    assert "emergency department" in task.outcome
    assert task.done_by is not None


@pytest.mark.parametrize("triage", Screening.Triage.values)
def test_every_triage_stands_somewhere(demo, triage):
    assert current(triage).exists()


@pytest.mark.parametrize("pattern", Screening.Pattern.values)
def test_every_pattern_stands_somewhere(demo, pattern):
    assert Screening.objects.filter(superseded_by__isnull=True, pattern=pattern).exists()


def test_referrals_stand_with_and_without_clearance(demo):
    assert current("routine_referral").filter(client__clearances__isnull=True).exists()
    cleared = Clearance.objects.values("client")
    assert current("treat").filter(client__in=cleared, client__treatment_plans__isnull=False).exists()


def test_a_client_with_both_patterns_is_treated_after_clearance(demo):
    noor = client_named("Noor", "Hassan")
    triages = list(noor.screenings.order_by("pk").values_list("triage", flat=True))
    assert triages.index("routine_referral") < len(triages) - 1
    assert triages[-1] == "treat"
    assert noor.treatment_sessions.signed().exists()


def test_plans_are_new_under_way_and_closed(demo):
    plans = TreatmentPlan.objects.annotate(visits=Count("treatment_sessions"))
    assert plans.open().filter(visits=1).exists()
    assert plans.open().filter(visits__gte=4).count() >= 3
    assert plans.filter(closed_at__isnull=False).count() == 2


def test_pain_falls_in_the_middle_of_a_plan(demo):
    ratings = pain_before(client_named("James", "Whitfield"))
    assert len(ratings) == 4
    assert change_of(ratings).matters


def test_pain_stays_at_a_plateau(demo):
    assert change_of(pain_before(client_named("Ingrid", "Solberg"))).is_plateau


def test_measures_have_a_course_from_baseline_to_now(demo):
    closed = TreatmentPlan.objects.filter(closed_at__isnull=False).order_by("pk").first()
    courses = {course.card.key: course for course in measured_under(closed)}

    assert {key for key, course in courses.items() if len(course.scores) > 1} >= {
        "pain_before",
        "nrs_back",
        "nrs_buttock",
        "nrs_leg",
        "psfs",
        "rmdq",
        "groc",
    }
    assert courses["psfs"].matters
    assert closed.client.functional_activities.standing().count() == 3


def test_a_worse_check_in_calls_the_therapist(demo):
    tyler = client_named("Tyler", "Brooks")
    assert tyler.check_ins.filter(step=1).order_by("-due_at").first().needs_attention
    assert tyler.tasks.open().filter(kind=Task.Kind.CHECK_IN_ALERT).exists()


def test_a_note_of_yesterday_is_not_signed(demo):
    start_of_day = EARLY_AFTERNOON.replace(hour=0, minute=0)
    assert TreatmentSession.objects.unsigned().filter(started_at__lt=start_of_day).count() == 1


def test_visits_were_missed_cancelled_and_waited_for(demo):
    assert Appointment.objects.filter(status="no_show").exists()
    assert set(AppointmentChange.objects.filter(kind="cancelled").values_list("by__username", flat=True)) == {
        None,
        "dana",
    }


def test_some_clients_have_no_mail_a_guardian_or_a_shared_address(demo):
    assert Client.objects.filter(email="", treatment_sessions__isnull=False).exists()
    lucas = Client.objects.exclude(guardian_name="").get()
    assert lucas.age_on(EARLY_AFTERNOON.date()) == 15
    assert lucas.consents.filter(is_by_guardian=True).count() == 3
    assert Client.objects.filter(email="rahimi.family@mail.example").count() == 3


def test_reports_amendment_and_adverse_event_stand(demo):
    assert Report.objects.filter(sent_at__isnull=False).count() == 2
    assert Report.objects.filter(sent_at__isnull=True).count() == 1
    assert Amendment.objects.count() == 1
    assert AdverseEvent.objects.count() == 1


def test_check_ins_came_back(demo):
    assert CheckIn.objects.filter(answered_at__isnull=False).count() >= 30
    assert CheckIn.objects.filter(answered_at__isnull=True).exists()


# --- nothing real, nothing broken


def test_nothing_lies_ahead_but_visits_and_check_ins(demo):
    for model, column in (
        (Client, "created_at"),
        (Appointment, "booked_at"),
        (Screening, "at"),
        (TreatmentSession, "signed_at"),
        (CheckIn, "answered_at"),
        (Message, "sent_at"),
        (Report, "written_at"),
    ):
        assert not model.objects.filter(**{f"{column}__gt": EARLY_AFTERNOON}).exists(), model


def test_everybody_was_booked_before_they_came(demo):
    for visit in Appointment.objects.all():
        assert visit.booked_at < visit.starts_at


def test_phones_and_addresses_can_be_nobodys(demo):
    addresses = [*Client.objects.exclude(email="").values_list("email", flat=True)]
    addresses += [*User.objects.values_list("email", flat=True), *Referrer.objects.values_list("email", flat=True)]
    assert all(address.endswith(".example") for address in addresses if address)
    for client in Client.objects.exclude(phone=""):
        assert str(client.phone).startswith("+442079460")
        assert phonenumbers.is_valid_number(client.phone)


def test_the_chain_of_signatures_holds(demo):
    verdict = verify()
    assert verdict.fault is None
    assert verdict.sessions == TreatmentSession.objects.signed().count() > 60


def test_only_fresh_mails_leave(demo, settings):
    derive_due(EARLY_AFTERNOON)
    waiting = Message.objects.filter(state=Message.State.DUE)
    kinds = set(waiting.values_list("kind", flat=True))
    fresh = {"intake_link", "booking_confirmation", "check_in", "report_ready", "therapist_alert"}
    assert kinds == fresh | {"booking_held", "booking_link"}
    assert waiting.count() <= 12
    sent = []
    assert send_due(now=EARLY_AFTERNOON, deliver=sent.append).failed == 0
    assert len(sent) == waiting.model.objects.filter(sent_at=EARLY_AFTERNOON).count() > 4


# --- every page opens


def pages():
    """Addresses of the pages that show the demo to its owner."""
    yield from map(
        reverse,
        (
            "booking:day_board",
            "clients:client_list",
            "clients:call_list",
            "referrals:referral_list",
            "referrals:referrer_list",
            "reminders:outbox",
            "protocols:protocol_list",
            "workspace:settings",
            "workspace:audit_list",
            "workspace:mailbox",
        ),
    )
    for pk in Client.objects.values_list("pk", flat=True):
        yield reverse("workspace:client_page", args=[pk])
        yield reverse("clients:screening_page", args=[pk])
    for plan in TreatmentPlan.objects.all():
        yield plan.get_absolute_url()
    for row in [*Referral.objects.all(), *Report.objects.all(), *TreatmentSession.objects.order_by("-pk")[:25]]:
        yield row.get_absolute_url()
    for row in Message.objects.order_by("-pk")[:5]:
        yield reverse("reminders:message_detail", args=[row.pk])


def test_every_page_of_the_demo_opens_for_the_owner(owner):
    answers = {page: owner.get(page).status_code for page in pages()}
    assert {page: status for page, status in answers.items() if status != 200} == {}
    assert len(answers) > 120


@pytest.mark.parametrize("username", ["mia", "tom", "priya", "jonas", "aisha"])
def test_today_opens_for_every_therapist(demo, signed_in, username):
    page = signed_in(demo.staff[username]).get(reverse("workspace:today"))
    assert page.status_code == 200
    first = Appointment.objects.live().filter(therapist=demo.staff[username], starts_at__date="2026-11-23").first()
    assert first.client.name in page.content.decode()


def test_charts_of_today_open_for_their_therapist(demo, signed_in):
    for session in TreatmentSession.objects.unsigned().select_related("therapist"):
        page = signed_in(session.therapist).get(reverse("sessions:session_chart", args=[session.pk]))
        assert page.status_code == 200


def test_account_login_offers_the_sign_ins_and_they_work(demo, client):
    page = client.get(reverse("account_login"))
    assert "elm-street-dana" in page.content.decode()
    answer = client.post(reverse("account_login"), {"login": "dana", "password": "elm-street-dana"})
    assert urlsplit(answer.url).path == reverse("home")


def test_account_login_offers_no_sign_ins_outside_the_demo(demo, client, settings):
    settings.DEMO = False
    assert "elm-street-dana" not in client.get(reverse("account_login")).content.decode()


# --- the waitlist and a series


def test_a_series_of_six_stands_at_the_same_time_each_week(demo):
    series = Series.objects.get()
    visits = list(series.appointments.order_by("starts_at"))

    assert series.client == client_named("Ben", "Carter")
    assert [visit.status for visit in visits] == ["booked"] * 6
    assert {after.starts_at - before.starts_at for before, after in pairwise(visits)} == {timedelta(days=7)}
    assert {visit.plan for visit in visits} == {series.client.treatment_plans.get()}


def test_a_freed_time_is_on_offer_to_the_first_whom_it_suits(demo):
    offer = WaitlistOffer.objects.get()

    assert offer.entry.client == client_named("Mei-Ling", "Wong")
    assert offer.freed.client == client_named("Ben", "Carter")
    assert offer.appointment.status == "held"
    assert offer.offered_at < EARLY_AFTERNOON < offer.expires_at
    assert offer.messages.get().state == "sent"


def test_people_wait_with_days_and_hours(demo):
    entries = WaitlistEntry.objects.waiting(EARLY_AFTERNOON)

    assert entries.count() == 3
    assert {entry.days_and_hours for entry in entries} == {"any time", "Mon, Wed, Fri, to 12:30", "from 16:00"}
