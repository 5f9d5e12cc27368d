"""A practice in which everything exists: two therapists, each with a client whose record holds one of every kind of row.

Every word of a chart is a canary: it begins with KANARI and names its client, so that a page which shows it to the wrong
person gives itself away. What the desk types and may read is plain.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from django.utils.html import escape

from booking.appointments import book_appointment, cancel_appointment
from booking.feeds import make_feed
from booking.models import Appointment, AppointmentLink, BookingLink, WaitlistOfferLink
from booking.offering import offer_time
from booking.online import invite_to_book
from booking.online_views import STATE
from booking.refusals import RULES
from booking.series import book_series
from booking.waitlist import add_to_waitlist
from clients.consents import CONSENTS
from clients.intakes import GROUPS, HISTORY_FIELDS, request_intake, save_group, save_history, submit_intake
from clients.models import Intake, IntakeLink, Screening, Task
from clients.rescreen import record_all_no
from clients.screenings import clarify_screening, current_screening, record_clearance, run_screening
from clients.todo import finish_task, raise_task
from clients.walk import BrowserMemory
from practice import clock
from practice.links import Link
from practice.models import Closure, Cover, Room, Service, User, WorkingHours
from practice.staff import invite_staff
from protocols.home import report_home
from protocols.library import load_knowledge
from protocols.models import HomeProgrammeLink, Protocol
from protocols.plans import close_plan, start_plan
from referrals.letters import enter_referrer, take_in_referral
from referrals.models import ReferralLink, Referrer, ReportLink
from referrals.reports import send_report, write_report
from reminders.checkins import answer_check_in
from reminders.models import CheckIn, CheckInLink, Message, UnsubscribeLink
from reminders.outbox import send_due
from reminders.views import ANSWERED
from sessions.adverse import report_adverse_event
from sessions.charting import amend_session, save_chart, sign_session, start_session
from sessions.copying import Mark
from sessions.entries import FindingEntry, TestEntry
from sessions.measures import correct_score, name_activities, record_ratings, record_score, record_statements
from sessions.models import TreatmentSession
from sessions.snippets import keep_snippet
from tests import world
from tests.clients.answers import calm
from tests.support.rows import all_rows, rolled_back
from tests.world import NINE, NOW, minutes

KANARI = "kanari"
DAY = timedelta(days=1)
TWO_PM = NINE + minutes(300)
OPENS = {  # the address that opens the links of a record, by their name
    "intake": "clients:intake_open",
    "handed_in": "clients:intake_open",
    "visit": "booking:appointment_open",
    "held": "booking:appointment_open",
    "called_off": "booking:appointment_open",
    "book": "online:booking_open",
    "offer": "booking:offer_open",
    "report": "referrals:report_open",
    "status": "referrals:status_open",
    "home": "protocols:home_open",
    "check_in": "reminders:check_in_open",
    "answered": "reminders:check_in_open",
    "stop": "reminders:stop_open",
}
MAIL = "20261123T080000000000-00000000"


@dataclass
class Record:
    """One client's record in one therapist's care. `words` are its canaries: nobody else may read them."""

    name: str
    therapist: User
    room: Room
    service: Service
    desk: User
    words: list[str] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    opened: dict[str, Link] = field(default_factory=dict)

    def word(self, what: str) -> str:
        """Return a new canary."""
        self.words.append(f"{KANARI}-{self.name}-{what}")
        return self.words[-1]


@dataclass
class Everything:
    """The whole practice. `ada` is Mia's client, `cleo` Tom's; `rows` is what stands in the database; `gone` once had every role and was let go,
    `nia` is invited and has no password yet."""

    mia: User
    tom: User
    dana: User
    olga: User
    gone: User
    nia: User
    ada: Record
    cleo: Record
    referrer: Referrer
    hours: WorkingHours
    closure: Closure
    cover: Cover
    spare_room: Room
    mails: list
    sessions: dict[int | str, str] = field(default_factory=dict)
    rows: dict[str, list[tuple]] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Every word only a chart's readers may see, as HTML writes it."""
        return [escape(word) for word in (*self.ada.words, *self.cleo.words)]

    def signed_in(self, user: User | None, **options) -> Browser:
        """Return a fresh browser of `user`, or of nobody."""
        browser = Browser(**options)
        if user is not None:
            if user.pk not in self.sessions:
                browser.force_login(user)
                self.sessions[user.pk] = browser.session.session_key
            browser.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[user.pk]
        return browser

    def holder(self, record: Record, **options) -> Browser:
        """Return the browser of somebody who opened all of a record's links and gave all its answers there."""
        browser = Browser(**options)
        if record.name not in self.sessions:
            self.sessions[record.name] = _session_of_answers(record).session_key
        browser.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[record.name]
        return browser


def open_links(tokens: dict[str, str]) -> Browser:
    """Return a browser in which the links of `tokens` (name to token) were opened, as from their mails."""
    browser = Browser()
    for name, token in tokens.items():
        assert browser.get(reverse(OPENS[name], args=[token])).status_code == 302
    return browser


def _session_of_answers(record: Record):
    session = open_links(record.tokens).session
    for intake in (record.intake, record.open_intake):
        BrowserMemory(session, intake).add(steps=intake.visited_groups, answers=intake.answers)
    BrowserMemory(session, record.intake).add(steps=["check", "sign"])
    session[ANSWERED] = [record.check_in.pk]
    first_visit = Service.objects.get(is_first_visit=True)
    slot = f"2026-11-26T12:00Z|{record.therapist.pk}"
    session[STATE] = {"safe_at": NOW.isoformat(), "service": first_visit.pk, "slot": slot}
    session.save()
    return session


def build() -> Everything:
    """Make the practice. The clock has to stand at world.NOW."""
    load_knowledge()
    world.make_practice()
    mia = world.make_staff("mia", "Mia", "Berg", "therapist", credential="LMT 4711")
    tom = world.make_staff("tom", "Tom", "Reed", "therapist")
    dana = world.make_staff("dana", "Dana", "Ortiz", "front_desk")
    olga = world.make_staff("olga", "Olga", "Stein", "owner")
    gone = world.make_staff("gus", "Gus", "Gone", "owner", "therapist", "front_desk", is_active=False)
    details = {"first_name": "Nia", "last_name": "Novak", "email": "nia@elmstreet.example"}
    nia = invite_staff(username="nia", roles={"front_desk"}, by=olga, at=NOW, **details)
    for therapist in (mia, tom):
        world.make_hours(therapist)
    rooms = [world.make_room(name) for name in ("Green room", "Blue room", "Spare room")]
    service = world.make_service("Follow-up massage", "follow-up", 60, mia, tom)
    world.make_service("Getting to know you", "getting-to-know-you", 75, mia, tom, is_first_visit=True)
    referrer = enter_referrer(by=dana, at=NOW, name="Dr Noor Said", profession="physician", email="noor@gp.example")

    ada = make_record("ada", "Ada", "Müller", mia, rooms[0], service, dana, referrer)
    cleo = make_record("cleo", "Cleo", "Toms", tom, rooms[1], service, dana, referrer)
    alarm(ada, "Eve", "Ash")
    alarm(cleo, "Finn", "Birch")
    mails = []
    send_due(now=NOW, deliver=mails.append)
    for record in (ada, cleo):
        record.message = Message.objects.filter(client=record.client).order_by("pk").first()
        _mint_links(record)

    closure = Closure.objects.create(starts_at=NOW + 20 * DAY, ends_at=NOW + 21 * DAY, reason="Works in the street")
    Cover.objects.create(who=tom, for_whom=mia, starts_at=NOW - 9 * DAY, until=NOW - minutes(1), created_by=olga)
    cover = Cover.objects.create(who=tom, for_whom=mia, starts_at=NOW + DAY, until=NOW + 2 * DAY, created_by=olga)
    hours = WorkingHours.objects.filter(therapist=mia).order_by("pk").first()
    everything = Everything(
        mia, tom, dana, olga, gone, nia, ada, cleo, referrer, hours, closure, cover, rooms[2], mails
    )
    for user in (mia, tom, dana, olga, gone):  # while the practice is built, so that no test has to
        everything.signed_in(user)
    for record in (ada, cleo):
        everything.holder(record)
    everything.rows = all_rows()
    return everything


# --- one client with one of each


def make_record(name, first, last, therapist, room, service, desk, referrer) -> Record:
    """Walk one client through the whole house, twice over: everything stands there finished and unfinished."""
    record = Record(name=name, therapist=therapist, room=room, service=service, desk=desk)
    record.client = world.make_client(first, last, phone="+447911123456", desk_note="Parks a bicycle")
    record.neighbour = world.make_client(first, f"{last}-Nachbar", phone="+447911654321")
    record.referrer = referrer
    _take_in(record)
    record.visits = {
        "first": _book(record, record.client, NINE - 14 * DAY),
        "second": _book(record, record.client, NINE - 7 * DAY),
    }
    _answer_the_intake(record)
    _screen(record)
    _plan(record)
    _treat(record)
    _look_back(record)
    _look_ahead(record)
    _report(record)
    record.screening = current_screening(record.client)
    record.words += _reasons(record.client)
    return record


def _book(record, client, starts_at, **more) -> Appointment:
    return book_appointment(
        client=client,
        therapist=record.therapist,
        service=record.service,
        starts_at=starts_at,
        room=None,
        by=record.desk,
        at=min(NOW, starts_at) - 2 * DAY,
        overrule=RULES,
        note="Rings twice",
        **more,
    )


def _take_in(record):
    record.referral = take_in_referral(
        referrer=record.referrer,
        client=record.client,
        received_on=date(2026, 11, 1),
        question=record.word("question"),
        precautions=record.word("precautions"),
        by=record.desk,
        at=NOW - 20 * DAY,
        today=world.TODAY,
    )


def _answer_the_intake(record):
    """Hand in one intake, with an emergency answer taken back and its alert looked at, and leave another half done."""
    at = NOW - 15 * DAY
    record.intake = Intake.objects.get(client=record.client)
    answers = calm()
    save_group(record.intake, group="urgent_pelvis", answers={"saddle_numbness": "not_sure"}, at=at)
    record.alert = Task.objects.get(client=record.client, for_role="therapist")
    finish_task(record.alert, by=record.therapist, at=at, outcome=record.word("alert"))
    for group in GROUPS.values():
        save_group(record.intake, group=group.id, answers={key: answers.get(key) for key in group.items}, at=at)
    save_history(record.intake, step="body", spots=["left:calf"], at=at)
    save_history(record.intake, step="words", words={name: record.word(name) for name in HISTORY_FIELDS}, at=at)
    submit_intake(
        record.intake,
        consents=dict.fromkeys(CONSENTS, True),
        signed_name=record.client.name,
        is_by_guardian=False,
        at=at,
    )
    record.open_intake = request_intake(client=record.client, by=record.desk, at=NOW - DAY)
    words = {name: record.word(f"new-{name}") for name in HISTORY_FIELDS}
    save_history(record.open_intake, step="words", words=words, at=NOW)


def _screen(record):
    """Add a finding that wants a doctor, and the doctor's clearance: three versions."""
    at = NOW - 15 * DAY + minutes(60)
    record.first_screening = current_screening(record.client)
    changes = {"spinal_percussion_tender": True}
    clarify_screening(record.first_screening, changes=changes, by=record.therapist, at=at)
    record_clearance(
        client=record.client,
        clinician_name=record.word("clinician"),
        profession=record.word("profession"),
        given_on=date(2026, 11, 9),
        note=record.word("clearance"),
        by=record.therapist,
        at=at,
    )
    run_screening(client=record.neighbour, answers=calm(), at=at)


def _plan(record):
    plan = {
        "client": record.client,
        "protocol": Protocol.objects.get(key="piriformis_deep_gluteal"),
        "screening": current_screening(record.client),
        "side": "right",
        "by": record.therapist,
    }
    at = NOW - 14 * DAY
    record.closed_plan = start_plan(**plan, goal=record.word("old-goal"), at=at)
    close_plan(record.closed_plan, note=record.word("closing"), by=record.therapist, at=at)
    record.plan = start_plan(**plan, goal=record.word("goal"), at=at)


def _chart(record, visit, name) -> TreatmentSession:
    record_all_no(current_screening(record.client), by=record.therapist, at=visit.starts_at)
    draft = start_session(visit, by=record.therapist, at=visit.starts_at)
    words = {part: record.word(f"{name}-{part}") for part in ("subjective", "objective", "assessment", "plan_text")}
    finding = FindingEntry(
        "piriformis",
        "right",
        tone=3,
        has_trigger_point=True,
        refers_to=record.word(f"{name}-refers"),
        techniques=("trigger_point_compression",),
        minutes=10,
        response="eased",
    )
    test = TestEntry("slr", "right", "before", "positive", 40, record.word(f"{name}-felt"))
    pain = {"pain_before_nrs": 6, "pain_back_nrs": 2, "pain_buttock_nrs": 6, "pain_leg_nrs": 3, "pain_after_nrs": 3}
    chart = {**pain, **words, "findings": [finding], "test_results": [test]}
    return save_chart(draft, version=draft.version, by=record.therapist, at=visit.starts_at, **chart)


def _treat(record):
    """Chart and sign two visits, and book today's first one."""
    by = record.therapist
    for name, visit in list(record.visits.items()):
        chart = _chart(record, visit, name)
        signed = sign_session(chart, version=chart.version, by=by, at=visit.ends_at)
        setattr(record, f"{name}_session", signed)
    record.amendment = amend_session(
        record.first_session,
        kind="addendum",
        text=record.word("amendment"),
        reason=record.word("reason"),
        by=by,
        at=NOW,
    )
    record.adverse_event = report_adverse_event(
        client=record.client,
        session=record.first_session,
        happened_on=date(2026, 11, 10),
        site=record.word("site"),
        technique=record.word("technique"),
        severity="mild",
        description=record.word("description"),
        action_taken=record.word("action"),
        reported_to=record.word("reported"),
        by=by,
        at=NOW,
    )
    _measure(record)
    record.visits["draft"] = _book(record, record.client, NINE)


def _measure(record):
    """Name activities and rate them, tick statements, rate the change, and correct a score from elsewhere."""
    asked = {"client": record.client, "by": record.therapist, "at": NOW, "measured_on": date(2026, 11, 16)}
    words = [record.word(f"activity-{place}") for place in (1, 2, 3)]
    record.activities = name_activities(client=record.client, words=words, by=record.therapist, at=NOW - 7 * DAY)
    ratings = {activity.pk: 5 for activity in record.activities}
    record.score = record_ratings(ratings=ratings, session=record.second_session, **asked)
    record_statements(measure="rmdq", ticked=[2, 10], none_applies=False, **asked)
    record_score(measure="groc", value=-1, since_on=date(2026, 11, 9), **asked)
    wrong = record_score(measure="odi", value=44, **asked)
    correct_score(wrong, value=40, reason=record.word("measure-reason"), by=record.therapist, at=NOW)


def _look_back(record):
    """One check-in is answered, its alert looked at; one waits for its answer. The visit after it is left a draft."""
    first, second = record.first_session, record.second_session
    due = NOW - 6 * DAY
    record.check_in = CheckIn.objects.create(client=record.client, session=first, due_at=due)
    record.open_check_in = CheckIn.objects.create(client=record.client, session=second, due_at=NOW - minutes(1))
    record.later_check_in = CheckIn.objects.create(client=record.client, session=second, step=2, due_at=NOW + 2 * DAY)
    answer_check_in(
        record.check_in,
        pain_now_nrs=5,
        warning_sign="not_sure",
        leg_symptoms="worse",
        comment=record.word("comment"),
        at=due,
    )
    record.home_report = report_home(record.plan, how_often="some_days", at=due)
    alert = Task.objects.get(client=record.client, kind=Task.Kind.CHECK_IN_ALERT)
    finish_task(alert, by=record.therapist, at=due, outcome=record.word("check-in-alert"))
    draft = _chart(record, record.visits["draft"], "draft")
    record.draft = save_chart(
        draft,
        version=draft.version,
        copied={Mark("", "assessment")},
        source=second,
        by=record.therapist,
        at=NINE,
        assessment=second.assessment,
    )
    record.words.remove(draft.assessment)  # written over by what is carried forward
    record.snippet = keep_snippet(section="assessment", words=record.word("phrase"), by=record.therapist)


def _look_ahead(record):
    """Visits in every state, the waitlist, and a call to make."""
    record.visits |= {
        "today": _book(record, record.client, TWO_PM),
        "coming": _book(record, record.client, TWO_PM + 2 * DAY),
        "missed": _book(record, record.client, TWO_PM - 3 * DAY),
        "cancelled": _book(record, record.client, TWO_PM + 3 * DAY),
        "neighbour": _book(record, record.neighbour, TWO_PM + 7 * DAY),
    }
    cancel_appointment(record.visits["cancelled"], reason="worse", by=record.desk, at=NOW)
    record.visits |= {
        "held": _book(record, record.client, TWO_PM + DAY, held_until=NOW + minutes(30)),
        "called_off": _book(record, record.client, TWO_PM + 8 * DAY),
    }
    cancel_appointment(record.visits["called_off"], reason="away", by=None, at=NOW)
    record.invitation = invite_to_book(client=record.client, by=None, at=NOW)
    # Nobody waits for what another record gives up: no sweep offers anything while the practice is built.
    record.waiting = add_to_waitlist(
        client=record.client,
        service=record.service,
        therapist=record.therapist,
        wishes="Mornings",
        by=record.desk,
        at=NOW,
    )
    record.neighbour_waiting = add_to_waitlist(
        client=record.neighbour, service=record.service, weekdays=0b1000000, by=record.desk, at=NOW
    )
    record.offer = offer_time(
        entry=record.waiting, therapist=record.therapist, starts_at=TWO_PM + 10 * DAY, by=record.desk, at=NOW
    )
    record.series = book_series(
        client=record.client,
        therapist=record.therapist,
        service=record.service,
        times={TWO_PM + days * DAY: RULES for days in (14, 21)},
        weeks_apart=1,
        by=record.desk,
        at=NOW,
    )
    record.visits["of_series"] = record.series.appointments.earliest("starts_at")
    record.call = raise_task(
        kind=Task.Kind.CALL_CLIENT,
        client=record.client,
        subject=f"a call about {record.name}",
        for_role="front_desk",
        at=NOW,
    )


def _report(record):
    by = record.therapist
    sent = write_report(record.referral, message=record.word("sent-message"), by=by, at=NOW - DAY)
    record.report = send_report(sent, by=by, at=NOW - DAY)
    record.draft_report = write_report(record.referral, message=record.word("draft-message"), by=by, at=NOW)


def _mint_links(record):
    """Give the client and the referrer a link of every purpose, and remember what opens them."""
    rows = {
        "intake": (IntakeLink, {"intake": record.open_intake}),
        "handed_in": (IntakeLink, {"intake": record.intake}),
        "visit": (AppointmentLink, {"appointment": record.visits["coming"]}),
        "held": (AppointmentLink, {"appointment": record.visits["held"]}),
        "called_off": (AppointmentLink, {"appointment": record.visits["called_off"]}),
        "book": (BookingLink, {"invitation": record.invitation}),
        "offer": (WaitlistOfferLink, {"offer": record.offer}),
        "report": (ReportLink, {"report": record.report}),
        "status": (ReferralLink, {"referral": record.referral}),
        "home": (HomeProgrammeLink, {"plan": record.plan}),
        "check_in": (CheckInLink, {"check_in": record.open_check_in}),
        "answered": (CheckInLink, {"check_in": record.check_in}),
        "stop": (UnsubscribeLink, {"client": record.client, "topic": "reminders"}),
    }
    record.feed, record.feed_token = make_feed(label="Phone", has_names=True, by=record.therapist, at=NOW)
    for name, (model, of) in rows.items():
        record.tokens[name] = model.mint(now=NOW, expires_at=NOW + DAY, **of)
        record.opened[name] = model.objects.opened_by(record.tokens[name], now=NOW)
        record.handles[name] = record.opened[name].handle


def alarm(record, first, last) -> None:
    """Give the therapist a client who answered an emergency question with yes. The desk may know no more than Stop."""
    record.alarmed = world.make_client(first, last, phone="+447911999999")
    _book(record, record.alarmed, TWO_PM + 4 * DAY)
    run_screening(client=record.alarmed, answers=calm(saddle_numbness=True), at=NOW)
    intake = Intake.objects.get(client=record.alarmed)
    save_group(intake, group="urgent_pelvis", answers={"saddle_numbness": True}, at=NOW)
    record.open_alert = Task.objects.open().get(client=record.alarmed)
    record.words += _reasons(record.alarmed)


def _reasons(client) -> list[str]:
    """Return the reasons of every version of the client's screening."""
    results = Screening.objects.filter(client=client).values_list("result", flat=True)
    return sorted({flag["why"] for result in results for flag in result["flags"]})


# --- fixtures: the practice is built once per module, and each test's changes are rolled back


@pytest.fixture(scope="module", name="built")
def built_practice(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, rolled_back():
        patch.setattr(clock, "now", lambda: NOW)
        yield build()


@pytest.fixture(name="everything")
def whole_practice(built, db, settings, tmp_path):  # noqa: F811
    """The practice with everything in it, and one mail in the demo's mailbox."""
    settings.MAILBOX_DIR, settings.DATA_DIR = tmp_path / "mail", tmp_path
    settings.MAILBOX_DIR.mkdir()
    mail = "To: a@b.example\nSubject: Hello\nDate: Mon, 23 Nov 2026 08:00:00 +0000\n\nWords\n"
    (settings.MAILBOX_DIR / f"{MAIL}.eml").write_text(mail)
    return built
