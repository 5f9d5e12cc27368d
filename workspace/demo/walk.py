"""One client of the demo, from the first word to the last visit, by the same functions that the pages call."""

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from booking.appointments import (
    book_appointment,
    cancel_appointment,
    confirm_appointment,
    mark_arrived,
    mark_no_show,
)
from booking.models import Appointment, AppointmentChange
from booking.refusals import RULES
from booking.series import book_series
from booking.waitlist import add_to_waitlist, weekday_bits
from clients.intakes import BODY, GROUPS, WORDS, save_group, save_history, submit_intake
from clients.models import Client, Consent, Task
from clients.records import create_client
from clients.rescreen import record_all_no
from clients.screenings import clarify_screening, current_screening, record_clearance
from clients.todo import finish_task
from practice.models import User
from protocols.knowledge import KNOWLEDGE
from protocols.models import Protocol, Technique, TreatmentPlan
from protocols.plans import close_plan, start_plan
from referrals.letters import take_in_referral
from referrals.models import Referral
from referrals.reports import send_report, write_report
from reminders.checkins import answer_check_in
from reminders.models import CheckIn, Message
from sessions.adverse import report_adverse_event
from sessions.charting import amend_session, save_chart, sign_session, start_session
from sessions.entries import FindingEntry, TestEntry
from sessions.measures import name_activities, record_ratings, record_score, record_statements
from sessions.models import TreatmentSession
from workspace.demo.data import COURSES, answers_of, examination
from workspace.demo.house import House
from workspace.demo.past_mails import mail_left, mail_refused
from workspace.demo.telling import Telling
from workspace.demo.timetable import Place, Timetable

HALF_OF_THE_GROUPS = 5
PAIN_PLACES = ("pain_back_nrs", "pain_buttock_nrs", "pain_leg_nrs")
CHECK_IN_AFTER = timedelta(hours=24)
Kind = Message.Kind


def minutes(count: float) -> timedelta:
    """Return a span of that many minutes."""
    return timedelta(minutes=count)


def _test(row: dict, side: str) -> TestEntry:
    """Return a test of a course on the client's side, or of the whole person."""
    return TestEntry(side=side if KNOWLEDGE.tests[row["test"]].by_side else "", **row)


@dataclass
class Visit:
    """One visit of a story: where it stands in the timetable, how it ends, and the rows that came of it."""

    number: int
    place: Place
    ending: str
    starts_at: datetime
    booked_at: datetime | None = None
    appointment: Appointment | None = None
    session: TreatmentSession | None = None

    @property
    def ends_at(self) -> datetime:
        """When it ends; the first visit is longer."""
        return self.starts_at + minutes(75 if self.number == 0 else 60)


class Walk:
    """What happens to one client, act by act: a story of stories.toml and the rows it has become so far."""

    def __init__(self, story: dict, *, phone: str, house: House, timetable: Timetable, telling: Telling, seed: str):
        self.story, self.phone, self.house, self.timetable, self.telling = story, phone, house, timetable, telling
        self.rng = random.Random(f"{seed} {story['first']} {story['last']}")  # noqa: S311 - a demo, not a secret
        self.username = story["therapist"]
        self.therapist: User = house.staff[self.username]
        self.visits: list[Visit] = []
        self.series_places: list[Place] = []
        self.client: Client
        self.referral: Referral | None = None
        self.plan: TreatmentPlan | None = None
        self.signed: list[TreatmentSession] = []

    # --- coming in

    def take_in(self, at: datetime) -> None:
        """Enter the client, and the letter that came with them."""
        story = self.story
        email = story.get("email", "")
        guardian = story.get("guardian", "")
        self.client = create_client(
            by=self.house.desk,
            at=at,
            first_name=story["first"],
            last_name=story["last"],
            born_on=self._born_on(),
            phone=self.phone,
            email="" if email == "none" else email or f"{story['first']}.{story['last']}@mail.example".lower(),
            guardian_name=guardian,
            guardian_phone=self.phone if guardian else "",
            desk_note=story.get("note", ""),
        )
        if letter := story.get("referral"):
            self.referral = take_in_referral(
                referrer=self.house.referrers[letter["from"]],
                client=self.client,
                received_on=self.timetable.date(min(letter["received"], story["came"])),
                question=letter["question"],
                precautions=letter.get("precautions", ""),
                visits_allowed=letter.get("visits"),
                by=self.house.desk,
                at=at + minutes(1),
                today=self.timetable.date(story["came"]),
            )

    def _born_on(self) -> date:
        if years := self.story.get("born_years_ago"):
            return self.timetable.today - timedelta(days=round(years * 365.25) + 120)
        return date.fromisoformat(self.story["born"])

    def book(self, visit: Visit, at: datetime) -> None:
        """Book a visit; the first one asks for the intake, too."""
        service = self.house.services["first-visit" if visit.number == 0 else "follow-up"]
        visit.appointment = book_appointment(
            client=self.client,
            therapist=self.therapist,
            service=service,
            starts_at=visit.starts_at,
            by=self.house.desk,
            at=at,
            plan=self.plan,
            overrule=RULES,
        )
        if self.story.get("mail_refused"):
            mail_refused(Kind.BOOKING_CONFIRMATION, at=at, appointment=visit.appointment)
        else:
            self._mail(Kind.BOOKING_CONFIRMATION, at, appointment=visit.appointment)
        if visit.number == 0:
            self._mail(Kind.INTAKE_LINK, at, intake=self.client.intakes.get())

    def _mail(self, kind: str, at: datetime, version: int = 1, **subject) -> None:
        mail_left(kind, now=self.telling.now, at=at, version=version, **subject)

    # --- the intake

    def _answers(self) -> dict:
        story = self.story
        more = {"sex": story["sex"], **story.get("answers", {})}
        return answers_of(story.get("profile", "muscle"), more, story.get("unanswered", ()))

    def _save_groups(self, at: datetime, *, count: int | None = None, taken_by: User | None = None):
        intake, answers = self.client.intakes.get(), self._answers()
        for number, (key, group) in enumerate(list(GROUPS.items())[:count]):
            given = {item: answers[item] for item in group.items if item in answers}
            save_group(intake, group=key, answers=given, at=at + minutes(number / 2), taken_by=taken_by)
        return intake

    def answer_half(self, at: datetime) -> None:
        """Answer the first questions and put the phone away."""
        self._save_groups(at, count=HALF_OF_THE_GROUPS)

    def answer_emergency(self, at: datetime) -> None:
        """Say yes to an emergency question; the page tells the client what to do, the therapist is called."""
        self._save_groups(at, count=1)
        self._mail(Kind.THERAPIST_ALERT, at, task=self._alert())

    def hand_in(self, at: datetime) -> None:
        """Answer everything, agree, sign, hand in."""
        story = self.story
        asked = story.get("intake") == "by_phone"
        taken_by = self.therapist if asked else None
        at -= minutes(len(GROUPS) / 2 + 3)
        intake = self._save_groups(at, taken_by=taken_by)
        at += minutes(len(GROUPS) / 2)
        save_history(intake, step=BODY, spots=story.get("regions", ()), at=at, taken_by=taken_by)
        save_history(intake, step=WORDS, words=story.get("words", {}), at=at + minutes(1), taken_by=taken_by)
        screening = submit_intake(
            intake,
            consents=dict.fromkeys(Consent.Scope.values, True),
            signed_name=story.get("guardian") or self.client.name,
            is_by_guardian="guardian" in story,
            at=at + minutes(3),
            taken_by=taken_by,
        )
        if alert := self._alert():
            self._mail(Kind.THERAPIST_ALERT, screening.at, task=alert)
            if "alert_outcome" in story:
                self.telling.plan(screening.at + minutes(35), self.act_on_alert)

    def _alert(self) -> Task | None:
        return Task.objects.open().filter(client=self.client, for_role="therapist").first()

    def act_on_alert(self, at: datetime) -> None:
        """Write down what was advised."""
        finish_task(self._alert(), by=self.therapist, at=at, outcome=self.story["alert_outcome"])

    def clear(self, at: datetime) -> None:
        """File a clinician's clearance."""
        clearance = self.story["clearance"]
        record_clearance(
            client=self.client,
            clinician_name=clearance["clinician"],
            profession=clearance["profession"],
            given_on=self.timetable.date(clearance["day"] - 1),
            note=clearance["note"],
            by=self.therapist,
            at=at,
        )

    # --- visits

    def confirm(self, visit: Visit, at: datetime) -> None:
        """Confirm by link."""
        confirm_appointment(visit.appointment, by=None, at=at)

    def cancel(self, visit: Visit, at: datetime) -> None:
        """Cancel: the client by link, or the practice."""
        reason = self.story["cancelled_because"]
        by = self.house.desk if reason == AppointmentChange.Reason.PRACTICE else None
        row = cancel_appointment(visit.appointment, reason=reason, by=by, at=at)
        self._mail(Kind.APPOINTMENT_CANCELLED, at, version=row.version, appointment=row)

    def miss(self, visit: Visit, at: datetime) -> None:
        """Note at the desk that nobody came."""
        mark_no_show(visit.appointment, by=self.house.desk, at=at)

    def arrive(self, visit: Visit, at: datetime) -> None:
        """Note at the desk that the client is here."""
        mark_arrived(visit.appointment, by=self.house.desk, at=at)

    def examine(self, visit: Visit, at: datetime) -> None:
        """Examine once, at the first visit that takes place."""
        screening = current_screening(self.client)
        findings = examination(self.story["profile"])
        if any(screening.answers.get(key) != value for key, value in findings.items()):
            clarify_screening(screening, changes=findings, by=self.therapist, at=at)

    def open(self, visit: Visit, at: datetime) -> None:
        """Ask the safety questions, examine and plan where that is still to do, and open the chart."""
        record_all_no(current_screening(self.client), by=self.therapist, at=at)
        at += minutes(1)
        if self.plan is None:
            self.examine(visit, at)
            at += minutes(7)
            self.plan = start_plan(
                client=self.client,
                protocol=Protocol.objects.get(key=self._course["protocol"]),
                screening=current_screening(self.client),
                side=self.story["side"],
                goal=self.story["aim"][:1].upper() + self.story["aim"][1:],
                by=self.therapist,
                at=at,
            )
            at += minutes(2)
        visit.session = start_session(visit.appointment, by=self.therapist, at=at)

    @property
    def _course(self) -> dict:
        return COURSES[self.story["course"]]

    def _chart(self) -> dict:
        card = self._course["visit"][len(self.signed)]
        side = self.story["side"]
        entries = ({**row, "techniques": tuple(row.get("techniques", ()))} for row in card["findings"])
        return {
            **{name: self._in_words(card[name]) for name in ("subjective", "objective", "assessment", "plan_text")},
            "pain_before_nrs": card["pain"][0],
            "pain_after_nrs": card["pain"][1],
            **dict(zip(PAIN_PLACES, card["places"], strict=True)),
            "findings": [FindingEntry(side=side, **row) for row in entries],
            "test_results": [_test(row, side) for row in card.get("tests", ())],
        }

    def _in_words(self, text: str) -> str:
        side = self.story["side"]
        other = "right" if side == "left" else "left"
        words = text.format(side=side, other=other, trouble=self.story["trouble"], aim=self.story["aim"])
        return ". ".join(sentence[:1].upper() + sentence[1:] for sentence in words.split(". "))

    def _measure(self, visit: Visit, at: datetime) -> None:
        """Ask the measures of that visit, as the course has them."""
        card, day = self._course["visit"][len(self.signed)], at.astimezone(self.timetable.zone).date()
        asked = {"client": self.client, "session": visit.session, "measured_on": day, "by": self.therapist, "at": at}
        if "psfs" in card:
            named = name_activities(client=self.client, words=self._course["activities"], by=self.therapist, at=at)
            record_ratings(ratings=dict(zip([row.pk for row in named], card["psfs"], strict=True)), **asked)
        if "rmdq" in card:
            record_statements(measure="rmdq", ticked=card["rmdq"], none_applies=False, **asked)
        if "groc" in card:
            since_on = self.plan.started_at.astimezone(self.timetable.zone).date()
            record_score(measure="groc", value=card["groc"], since_on=since_on, **asked)

    def chart_some(self, visit: Visit, at: datetime) -> None:
        """Chart what the client said and the first muscle; the rest is still to come."""
        chart = self._chart()
        self._save(
            visit, at, {name: chart[name] for name in ("subjective", "pain_before_nrs", *PAIN_PLACES, "test_results")}
        )

    def finish(self, visit: Visit, at: datetime) -> None:
        """Chart the visit, and sign it unless the therapist forgot."""
        session = self._save(visit, at, self._chart())
        self._measure(visit, at)
        if visit.ending == "unsigned":
            return
        session = sign_session(session, version=session.version, by=self.therapist, at=at)
        self.signed.append(session)
        self._plan_check_in(session)
        number = len(self.signed)
        if self.story.get("amendment", {}).get("after") == number:
            self.telling.plan(at + timedelta(hours=26), lambda at: self.amend(session, at))
        if self.story.get("adverse", {}).get("after") == number:
            self.telling.plan(at + timedelta(hours=31), lambda at: self.report_adverse_event(session, at))

    def _save(self, visit: Visit, at: datetime, chart: dict) -> TreatmentSession:
        visit.session = save_chart(visit.session, version=visit.session.version, by=self.therapist, at=at, **chart)
        return visit.session

    # --- afterwards

    def _plan_check_in(self, session: TreatmentSession) -> None:
        check_in = CheckIn.objects.create(
            session=session, client=self.client, due_at=session.signed_at + CHECK_IN_AFTER
        )
        self.telling.plan(check_in.due_at, lambda at: self._mail(Kind.CHECK_IN, at, check_in=check_in))
        given = self.story.get("check_ins", [])
        number = len(self.signed)
        if number > len(given) or not given[number - 1]:
            return
        at = self.timetable.waking(check_in.due_at + minutes(self.rng.randrange(20, 500)))
        if number == len(given) and "answered_minutes_ago" in self.story:
            at = self.telling.now - minutes(self.story["answered_minutes_ago"])
        self.telling.plan(at, lambda at: self.answer(check_in, given[number - 1], at))

    def answer(self, check_in: CheckIn, given: list, at: datetime) -> None:
        """Answer the mail of the day after; something worrying calls the therapist."""
        pain, soreness, leg, warning, comment, *places = given
        answer_check_in(
            check_in,
            pain_now_nrs=pain,
            soreness_nrs=soreness,
            leg_symptoms=leg,
            warning_sign=warning,
            comment=comment,
            regions=places,
            at=at,
        )
        if alert := self._alert():
            self._mail(Kind.THERAPIST_ALERT, at, task=alert)

    def amend(self, session: TreatmentSession, at: datetime) -> None:
        """Add a later word to a signed chart."""
        amendment = self.story["amendment"]
        amend_session(
            session, kind="addendum", text=amendment["text"], reason=amendment["reason"], by=self.therapist, at=at
        )

    def report_adverse_event(self, session: TreatmentSession, at: datetime) -> None:
        """Write down what went wrong."""
        event = self.story["adverse"]
        report_adverse_event(
            client=self.client,
            session=session,
            happened_on=at.astimezone(self.timetable.zone).date(),
            spot=event["spot"],
            site=event["site"],
            used_technique=Technique.objects.get(key=event["technique"]),
            severity=event["severity"],
            description=event["description"],
            action_taken=event["action"],
            reported_to=event["reported_to"],
            by=self.therapist,
            at=at,
        )

    def write_report(self, at: datetime) -> None:
        """Write the page for the referrer, and send it unless it still waits for a second look."""
        words = self.story["report"]
        report = write_report(self.referral, message=words["message"], by=self.therapist, at=at)
        if words["state"] == "sent":
            report = send_report(report, by=self.therapist, at=at)
            if self.referral.referrer.email:
                self._mail(Kind.REPORT_READY, at, report=report)

    def close_plan(self, at: datetime) -> None:
        """End the course."""
        close_plan(self.plan, note=self.story["close"]["note"], by=self.therapist, at=at)

    def wait(self, at: datetime) -> None:
        """Put the client on the waitlist, with the days and hours that suit."""
        waitlist = self.story["waitlist"]
        hours = {name: time.fromisoformat(waitlist[name]) for name in ("earliest", "latest") if name in waitlist}
        add_to_waitlist(
            client=self.client,
            service=self.house.services[waitlist["service"]],
            therapist=None if waitlist.get("anybody") else self.therapist,
            weekdays=weekday_bits(waitlist.get("weekdays", ())),
            wishes=waitlist.get("wishes", ""),
            by=self.house.desk,
            at=at,
            **hours,
        )

    def book_series(self, at: datetime) -> None:
        """Book the next visits of the plan together, the same time each week."""
        times = {self.timetable.start(place): RULES for place in self.series_places}
        service = self.house.services["follow-up"]
        series = book_series(
            client=self.client,
            therapist=self.therapist,
            service=service,
            times=times,
            weeks_apart=1,
            plan=self.plan,
            by=self.house.desk,
            at=at,
        )
        for visit in series.appointments.order_by("starts_at"):
            self._mail(Kind.BOOKING_CONFIRMATION, at, appointment=visit)
