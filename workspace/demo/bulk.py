"""Years of ordinary visits around the stories, written in bulk: the same rows as the pages write, without their walk."""

import random
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import cache

from booking.models import Appointment
from clients.consents import CONSENTS
from clients.models import Client, Consent, Intake, Screening
from clients.screening import published_scores, screen, words_for
from practice.models import AuditEvent, Room, User
from protocols.models import Protocol, Technique, TreatmentPlan
from reminders.models import CheckIn, Message
from sessions.chain import chain_hash, content_hash, session_content
from sessions.charting import signature_of
from sessions.models import FindingTechnique, MuscleFinding, OutcomeScore, TreatmentSession
from sessions.reading import with_parts
from workspace.demo.data import COURSES, PEOPLE, answers_of, examination
from workspace.demo.house import House
from workspace.demo.past_mails import TAKES
from workspace.demo.timetable import Place, Timetable
from workspace.demo.walk import CHECK_IN_AFTER, PAIN_PLACES, minutes

BUSY = 0.85  # share of the working cells that are booked
NO_SHOW, CANCELLED, ANSWERED = 0.05, 0.07, 0.6
DAYS_AHEAD = 14
DAYS_BETWEEN = 5  # nobody comes twice within so many days
BATCH = 500
KINDS = ("deep_buttock", "driver", "hip_muscles", "hip_flexor", "gentle")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much there is: appointments and signed notes at most; days back at most."""

    appointments: int
    notes: int
    days_back: int


AMOUNTS = {
    "year": Amount(appointments=10_000, notes=10_000, days_back=365),
    "large": Amount(appointments=50_000, notes=20_000, days_back=6000),
}


@dataclass
class Course:
    """One invented client and the cells of the timetable they come to."""

    username: str
    key: str
    side: str
    places: list[Place] = field(default_factory=list)
    client: Client | None = None
    screening: Screening | None = None
    plan: TreatmentPlan | None = None

    @property
    def card(self) -> dict:
        """The course of courses.toml it follows."""
        return COURSES[self.key]


@dataclass
class Booked:
    """One visit: its course, its number in it, and the rows made of it."""

    course: Course
    number: int
    place: Place
    room: Room
    appointment: Appointment | None = None
    session: TreatmentSession | None = None


class Bulk:
    """Fills what the stories left free. Call `fill` after they took their times and before they are told."""

    def __init__(self, *, house: House, timetable: Timetable, phones: list[str], rng: random.Random, now: datetime):
        self.house, self.timetable, self.phones, self.rng, self.now = house, timetable, phones, rng, now
        self.rooms = list(Room.objects.order_by("-name"))  # the stories take the first free one by name

    def fill(self, amount: Amount, newest_day: int = DAYS_AHEAD) -> None:
        """Write about `amount` of everything, on `newest_day` and before."""
        visits = self._plan_visits(amount, newest_day)
        courses = list({id(visit.course): visit.course for visit in visits}.values())
        self.write_clients(courses)
        self._write_visits(visits)
        treated = [visit for visit in visits if visit.appointment.status == Appointment.Status.ARRIVED]
        self._write_sessions(treated[-amount.notes :])

    # --- who comes when

    def _plan_visits(self, amount: Amount, newest_day: int) -> list[Booked]:
        """Return the visits in the order of time. Days are filled from the latest one back until there are enough."""
        cells: list[tuple[Place, str, Room]] = []
        for day in range(newest_day, -amount.days_back - 1, -1):
            if len(cells) >= amount.appointments:
                break
            cells += self._cells_of(day)
        cells = sorted(cells[: amount.appointments], key=lambda cell: (cell[0].day, cell[0].row, cell[1]))
        waiting: dict[str, deque[Course]] = defaultdict(deque)
        return [self._next_visit(waiting[username], username, place, room) for place, username, room in cells]

    def _cells_of(self, day: int) -> Iterator[tuple[Place, str, Room]]:
        if day == 0:
            return  # today belongs to the stories
        people = list(self.timetable.people)
        for row in range(8):
            self.rng.shuffle(people)
            place, rooms = Place(day, row), iter(self.rooms)
            for username in people:
                if self.timetable.is_free(username, place) and self.rng.random() < BUSY:
                    self.timetable.take(username, place)
                    yield place, username, next(rooms)

    def _next_visit(self, waiting: deque[Course], username: str, place: Place, room: Room) -> Booked:
        course = waiting[0] if waiting else None
        if course is None or place.day - course.places[-1].day < DAYS_BETWEEN:
            key = self.rng.choice(KINDS)
            course = Course(username, key, self.rng.choice(("left", "right")))
        else:
            waiting.popleft()
        course.places.append(place)
        if len(course.places) < len(course.card["visit"]):
            waiting.append(course)
        return Booked(course, len(course.places) - 1, place, room)

    # --- clients, with everything before their first visit

    def write_clients(self, courses: list[Course]) -> None:
        """Write the clients of these courses with intake, consents, screening and plan, and no visit yet."""
        for number, course in enumerate(courses):
            course.client = self._client(number, course)
        Client.objects.bulk_create([course.client for course in courses], BATCH)
        intakes = Intake.objects.bulk_create([self._intake(course) for course in courses], BATCH)
        Consent.objects.bulk_create([row for course in courses for row in self._consents(course)], BATCH)
        for course, intake in zip(courses, intakes, strict=True):
            course.screening = self._screening(course, intake)
        Screening.objects.bulk_create([course.screening for course in courses], BATCH)
        protocols = {protocol.key: protocol for protocol in Protocol.objects.all()}
        for course in courses:
            course.plan = self._plan(course, protocols[course.card["protocol"]])
        TreatmentPlan.objects.bulk_create([course.plan for course in courses], BATCH)

    def _client(self, number: int, course: Course) -> Client:
        first, last = self.rng.choice(PEOPLE["pool"]["first"]), self.rng.choice(PEOPLE["pool"]["last"])
        client = Client(
            first_name=first,
            last_name=last,
            born_on=date(self.rng.randrange(1945, 2004), self.rng.randrange(1, 13), self.rng.randrange(1, 29)),
            phone=self.phones[number % len(self.phones)],
            email=f"{first}.{last}.{number}@mail.example".lower(),
            created_at=self._came_at(course),
            created_by=self.house.desk,
        )
        client.search = client.fold_search()
        return client

    def _came_at(self, course: Course) -> datetime:
        return min(self.timetable.start(course.places[0]) - timedelta(days=4), self.now - timedelta(hours=3))

    def _intake(self, course: Course) -> Intake:
        at = self._came_at(course)
        handed_in = at + minutes(90)
        return Intake(
            client=course.client,
            requested_at=at,
            requested_by=self.house.desk,
            answers=self._answers(course),
            started_at=at + minutes(70),
            submitted_at=handed_in,
        )

    def _answers(self, course: Course) -> dict:
        age = course.client.age_on(self.timetable.date(course.places[0].day))
        return answers_of(course.card["profile"], {"age": age, "sex": "X"})

    def _consents(self, course: Course) -> Iterator[Consent]:
        for scope, text in CONSENTS.items():
            yield Consent(
                client=course.client,
                scope=scope,
                is_given=True,
                wording_version=text.version,
                signed_name=course.client.name,
                at=self._came_at(course) + minutes(90),
            )

    def _screening(self, course: Course, intake: Intake) -> Screening:
        examined = course.places[0].day < 0
        answers = {**intake.answers, **(examination(course.card["profile"]) if examined else {})}
        result, frozen = _screened(course.card["profile"], answers["age"], examined)
        return Screening(
            client=course.client,
            intake=intake,
            answers=answers,
            asked=list(answers),
            result=frozen,
            triage=result.triage,
            pattern=result.pattern,
            rules_version=result.rules_version,
            at=self.timetable.start(course.places[0]) if examined else intake.submitted_at,
            by=self._therapist(course) if examined else None,
        )

    def _plan(self, course: Course, protocol: Protocol) -> TreatmentPlan:
        is_over = course.places[-1].day < 0 and (
            len(course.places) == len(course.card["visit"]) or course.places[-1].day < -4 * DAYS_AHEAD
        )
        closed = {}
        if is_over:
            at = self.timetable.start(course.places[-1]) + minutes(70)
            closed = {"closed_at": at, "closed_by": self._therapist(course), "closing_note": "Finished together."}
        return TreatmentPlan(
            client=course.client,
            therapist=self._therapist(course),
            protocol=protocol,
            screening=course.screening,
            side=course.side,
            planned_visits=protocol.planned_visits,
            goal="Get through the day without thinking about it",
            started_at=self.timetable.start(course.places[0]),
            **closed,
        )

    def _therapist(self, course: Course) -> User:
        return self.house.staff[course.username]

    # --- visits

    def _write_visits(self, visits: list[Booked]) -> None:
        for visit in visits:
            visit.appointment = self._appointment(visit)
        rows = [visit.appointment for visit in visits]
        Appointment.objects.bulk_create(rows, BATCH)
        AuditEvent.objects.bulk_create((_audited("appointment.booked", row, at=row.booked_at) for row in rows), BATCH)
        coming = [row for row in rows if row.status == Appointment.Status.BOOKED]
        told = [_told(Message.Kind.BOOKING_CONFIRMATION, at=row.booked_at, appointment=row) for row in coming]
        Message.objects.bulk_create(told, BATCH)

    def _appointment(self, visit: Booked) -> Appointment:
        starts_at, course = self.timetable.start(visit.place), visit.course
        service = self.house.services["first-visit" if visit.number == 0 else "follow-up"]
        before = course.places[visit.number - 1] if visit.number else None
        booked_at = self.timetable.start(before) + minutes(65) if before else self._came_at(course)
        status = self._status(visit)
        return Appointment(
            client=course.client,
            therapist=self._therapist(course),
            service=service,
            room=visit.room,
            plan=course.plan if visit.number else None,
            starts_at=starts_at,
            ends_at=starts_at + service.duration,
            status=status,
            version=2 if status == Appointment.Status.CANCELLED else 1,
            booked_at=min(booked_at, self.now - timedelta(hours=2)),
            booked_by=self.house.desk,
        )

    def _status(self, visit: Booked) -> str:
        if visit.place.day > 0:
            return Appointment.Status.BOOKED
        chance = self.rng.random()
        if chance < NO_SHOW:
            return Appointment.Status.NO_SHOW
        return Appointment.Status.CANCELLED if chance < NO_SHOW + CANCELLED else Appointment.Status.ARRIVED

    # --- notes

    def _write_sessions(self, visits: list[Booked]) -> None:
        techniques = Technique.objects.in_bulk(field_name="key")
        for start in range(0, len(visits), BATCH):
            batch = visits[start : start + BATCH]
            for visit in batch:
                visit.session = self._session(visit)
            sessions = TreatmentSession.objects.bulk_create([visit.session for visit in batch])
            self._write_findings(batch, techniques)
            self._sign([session.pk for session in sessions])
            self._write_answers(sessions)

    def _card(self, visit: Booked) -> dict:
        return visit.course.card["visit"][visit.number]

    def _session(self, visit: Booked) -> TreatmentSession:
        card, appointment = self._card(visit), visit.appointment
        words = {
            name: card[name].format(side=visit.course.side, other="other", trouble="long sitting", aim="an easier day")
            for name in ("subjective", "objective", "assessment", "plan_text")
        }
        return TreatmentSession(
            appointment=appointment,
            client=visit.course.client,
            therapist=appointment.therapist,
            plan=visit.course.plan,
            screening=visit.course.screening,
            visit_number=visit.number + 1,
            started_at=appointment.starts_at,
            pain_before_nrs=card["pain"][0],
            pain_after_nrs=card["pain"][1],
            version=2,
            **dict(zip(PAIN_PLACES, card["places"], strict=True)),
            **words,
        )

    def _write_findings(self, visits: list[Booked], techniques: dict[str, Technique]) -> None:
        pairs = [
            (MuscleFinding(session=visit.session, side=visit.course.side, **_columns(row)), row["techniques"])
            for visit in visits
            for row in self._card(visit)["findings"]
        ]
        MuscleFinding.objects.bulk_create([finding for finding, _ in pairs])
        FindingTechnique.objects.bulk_create(
            FindingTechnique(finding=finding, technique=techniques[key]) for finding, keys in pairs for key in keys
        )

    def _sign(self, ids: list[int]) -> None:
        """Sign as `sign_session` does, row after row, and write the batch at once."""
        last = TreatmentSession.objects.filter(chain_position__isnull=False).order_by("-chain_position").first()
        position, previous = (last.chain_position, last.chain_hash) if last else (0, "")
        rows = list(with_parts(TreatmentSession.objects.filter(pk__in=ids)).select_related("therapist", "appointment"))
        rows.sort(key=lambda row: (row.started_at, row.pk))
        for row in rows:
            position += 1
            row.signed_at, row.signed_by = row.appointment.ends_at + minutes(5), row.therapist
            row.signed_as, row.chain_position = signature_of(row.therapist), position
            row.content_hash = content_hash(session_content(row))
            row.chain_hash = previous = chain_hash(position, previous, row.content_hash)
        signature = ["signed_at", "signed_by", "signed_as", "chain_position", "content_hash", "chain_hash"]
        TreatmentSession.objects.bulk_update(rows, signature, batch_size=100)
        AuditEvent.objects.bulk_create(_audited("session.signed", row, at=row.signed_at) for row in rows)
        OutcomeScore.objects.bulk_create(score for row in rows for score in _scores(row))

    def _write_answers(self, sessions: list[TreatmentSession]) -> None:
        rows = TreatmentSession.objects.in_bulk([session.pk for session in sessions]).values()
        check_ins = [self._check_in(row) for row in rows]
        CheckIn.objects.bulk_create(check_ins)
        OutcomeScore.objects.bulk_create(
            OutcomeScore(
                client_id=row.client_id,
                session_id=row.session_id,
                measure=OutcomeScore.Measure.PAIN_NOW,
                score=row.pain_now_nrs,
                measured_at=row.answered_at,
            )
            for row in check_ins
            if row.is_answered
        )
        due = [row for row in check_ins if row.due_at <= self.now]
        Message.objects.bulk_create(_told(Message.Kind.CHECK_IN, at=row.due_at, check_in=row) for row in due)

    def _check_in(self, session: TreatmentSession) -> CheckIn:
        row = CheckIn(client_id=session.client_id, session=session, due_at=session.signed_at + CHECK_IN_AFTER)
        answered_at = row.due_at + minutes(self.rng.randrange(15, 600))
        if answered_at <= self.now and self.rng.random() < ANSWERED:
            row.pain_now_nrs, row.soreness_nrs = session.pain_after_nrs, self.rng.randrange(4)
            row.leg_symptoms = self.rng.choice((CheckIn.LegSymptoms.BETTER, CheckIn.LegSymptoms.SAME))
            row.warning_sign, row.answered_at = CheckIn.WarningSign.NO, answered_at
        return row


@cache
def _screened(profile: str, age: int, examined: bool):
    """Return the result for everybody of that age with that profile, and the same frozen as it is stored."""
    answers = {
        **answers_of(profile, {"age": age, "sex": "X"}),
        **(examination(profile) if examined else {}),
    }
    result = screen(answers)
    published = [asdict(score) for score in published_scores(answers)]
    return result, {**asdict(result), "words": asdict(words_for(result)), "published": published}


def _columns(row: dict) -> dict:
    return {name: value for name, value in row.items() if name != "techniques"}


def _scores(session: TreatmentSession) -> Iterator[OutcomeScore]:
    for measure, score, at in (
        (OutcomeScore.Measure.PAIN_BEFORE, session.pain_before_nrs, session.appointment.starts_at),
        (OutcomeScore.Measure.NRS_BACK, session.pain_back_nrs, session.appointment.starts_at),
        (OutcomeScore.Measure.NRS_BUTTOCK, session.pain_buttock_nrs, session.appointment.starts_at),
        (OutcomeScore.Measure.NRS_LEG, session.pain_leg_nrs, session.appointment.starts_at),
        (OutcomeScore.Measure.PAIN_AFTER, session.pain_after_nrs, session.appointment.ends_at),
    ):
        yield OutcomeScore(
            client_id=session.client_id,
            session=session,
            measure=measure,
            score=score,
            measured_at=at,
            by_id=session.therapist_id,
        )


def _audited(action: str, row, *, at: datetime) -> AuditEvent:
    by = row.booked_by if action == "appointment.booked" else row.signed_by
    return AuditEvent(
        at=at,
        actor=AuditEvent.Actor.STAFF,
        by=by,
        action=action,
        target_label=row._meta.label,
        target_id=row.pk,
        about_client_id=row.client_id,
    )


def _told(kind: str, *, at: datetime, **subject) -> Message:
    (row,) = subject.values()
    return Message(
        kind=kind,
        client_id=row.client_id,
        due_at=at,
        needed_by=at,
        created_at=at,
        state=Message.State.SENT,
        attempts=1,
        handoffs=1,
        sent_at=at + TAKES,
        **subject,
    )
