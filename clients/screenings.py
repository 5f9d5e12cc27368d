"""Screenings as they stand on file: run, superseded by a clearer one, lifted by a clearance. None is ever changed."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from clients.card import Card, changes_of_card
from clients.models import Clearance, Client, Intake, Screening
from clients.screening import ITEMS, ScreeningResult, published_scores, screen, words_for
from clients.todo import newest_alert, raise_alert
from practice import audit
from practice.errors import Refused
from practice.models import AuditEvent, User

CLEARANCE = "cleared_by_clinician_this_episode"
SHOWN_ON = (
    "clients:screening_page", "clients:screening_clarify", "clients:screening_compare", "clients:rescreen", "workspace:client_page",
)  # fmt: skip
STOPPING = (Screening.Triage.EMERGENCY, Screening.Triage.URGENT_REFERRAL)


class NothingScreened(Refused):
    """There is no screening to add to yet."""


class ScreeningChangedMeanwhile(Refused):
    """Somebody added a newer version while this form was open."""


class ClearanceTooOld(Refused):
    """The letter is from before something that came up here."""


class NothingClarified(Refused):
    """The form came back as it was."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What answers were given on, as a page carries it: the newest version and the newest alert, "" where there is none."""

    version: str
    alert: str


def what_stands(client: Client) -> Seen:
    """Return what somebody who opens a page of questions now has before them."""
    version, alert = current_screening(client), newest_alert(client)
    return Seen(version=str(version.pk) if version else "", alert=str(alert.pk) if alert else "")


def _refuse_if_overtaken(client: Client, seen: Seen | None) -> None:
    """Refuse answers given without knowing of a newer version or alert: they would settle what they did not know of."""
    if seen is not None and seen != what_stands(client):
        raise ScreeningChangedMeanwhile(
            "Somebody added a newer version of this screening meanwhile, or the client has sent an answer. What you chose "
            "stands below: read what is new and save again."
        )


def current_screening(client: Client) -> Screening | None:
    """Return the screening that holds now: the newest, or None."""
    return client.screenings.newest_first().first()


@transaction.atomic
def run_screening(
    *,
    client: Client,
    answers: Mapping[str, object],
    at: datetime,
    by: User | None = None,
    intake: Intake | None = None,
    asked: Iterable[str] | None = None,
    card: Card | None = None,
) -> Screening:
    """Screen `answers` (item key → answer, missing or None is not answered) and return the stored result.

    It supersedes the client's current screening. The age comes from the birth date where that is known.
    `asked` are the items asked for this version; without it all that are answered, as in an intake. `card` is stored
    beside the answers as it is; its results must stand in them already.
    Effects: lock on the client, an audit line, and an alert to the therapist for every new stop, and where a client's own
    answers no longer say what stopped: nobody lifts a stop alone.
    Raises what the engine raises for answers it cannot read: UnknownQuestion, BadAnswer.
    """
    lock_client(client)
    given = known_answers(client, answers, today=timezone.localdate(at))
    result = screen(given)
    before = current_screening(client)
    screening = Screening.objects.create(
        client=client,
        intake=intake,
        supersedes=before,
        answers=given,
        asked=[key for key in (given if asked is None else asked) if key in given],
        card=card or {},
        result=_full(result, given),
        triage=result.triage,
        pattern=result.pattern,
        rules_version=result.rules_version,
        at=at,
        by=by,
    )
    audit.record(
        action="screening.run", at=at, by=by, actor="staff" if by else "client", target=screening, triage=result.triage
    )
    is_new_stop = screening.triage in STOPPING and _flag_ids(screening) - _flag_ids(before)
    if is_new_stop or _lifts_alone(before, screening):
        raise_alert(client=client, subject=f"screening:{screening.pk}", at=at)
    return screening


@transaction.atomic
def clarify_screening(
    screening: Screening,
    *,
    changes: Mapping[str, object],
    by: User,
    at: datetime,
    intake: Intake | None = None,
    asked: Iterable[str] = (),
    card: Card | None = None,
    seen: Seen | None = None,
) -> Screening:
    """Add what the therapist asked or examined, as a new version; the old one stays with its answers and reasons.

    `changes` maps item keys to answers; None takes one back. `asked` are items asked anew whose answer may stand as it
    was; what changed was asked in any case. `card` is the examination card as it now stands, whose results override
    `changes`; without it the standing one is kept. A clearance does not cover flags that were not there when it was given:
    it lapses when new ones appear. `seen` is what the page of the questions stood on.
    Raises ScreeningChangedMeanwhile if a newer version exists, or an alert that was not seen; NothingClarified if nothing
    differs and nothing was asked.
    """
    lock_client(screening.client)
    _refuse_if_overtaken(screening.client, seen)
    if Screening.objects.filter(supersedes=screening).exists():
        raise ScreeningChangedMeanwhile(
            "Somebody added a newer version of this screening meanwhile. Compare with it and save again."
        )
    card = screening.card if card is None else card
    changes = {**changes, **changes_of_card(screening.card, card)}
    answers = _changed(screening, changes)
    again = [key for key in asked if key in answers]
    if answers == screening.answers and card == screening.card and not again:
        raise NothingClarified("Nothing was changed, so no new version was made.")
    return run_screening(
        client=screening.client,
        answers=_without_lapsed_clearance(screening, answers, changes),
        at=at,
        by=by,
        intake=intake or screening.intake,
        asked=dict.fromkeys([*again, *changes]),
        card=card,
    )


def _changed(screening, changes):
    return {key: value for key, value in {**screening.answers, **changes}.items() if value is not None}


def _without_lapsed_clearance(screening, answers, changes):
    """A clearance does not cover flags that were not there when it was given."""
    before = {flag["id"] for flag in screening.result["flags"]}
    lapses = changes.get(CLEARANCE) is None and {flag.id for flag in screen(answers).flags} - before
    return {key: value for key, value in answers.items() if key != CLEARANCE} if lapses else answers


def preview_screening(
    client: Client, screening: Screening | None, *, changes: Mapping[str, object], at: datetime
) -> dict:
    """Return the result that saving `changes` on top of `screening` would store, as it would be stored. Stores nothing."""
    answers = changes
    if screening is not None:
        answers = _without_lapsed_clearance(screening, _changed(screening, changes), changes)
    given = known_answers(client, answers, today=timezone.localdate(at))
    return _full(screen(given), given)


@transaction.atomic
def screen_in_person(
    *, client: Client, answers: Mapping[str, object], card: Card, by: User, at: datetime, seen: Seen | None = None
) -> Screening:
    """Store a client's first screening, asked in person, and return it; `card` is counted into `answers`.

    `seen` is what the page of the questions stood on. Raises ScreeningChangedMeanwhile if there is a screening by now, as
    two therapists may begin at once, or an alert that was not seen.
    """
    lock_client(client)
    _refuse_if_overtaken(client, seen)
    if current_screening(client) is not None:
        raise ScreeningChangedMeanwhile(
            "Somebody saved a screening of this client meanwhile. Compare with it and save again."
        )
    found = {**answers, **changes_of_card({}, card)}
    return run_screening(client=client, answers=found, card=card, by=by, at=at)


@transaction.atomic
def record_clearance(
    *, client: Client, clinician_name: str, profession: str, given_on: date, note: str, by: User, at: datetime
) -> Screening:
    """File a clinician's clearance of this episode and return the screening with it counted.

    Raises NothingScreened, ClearanceTooOld. What a clearance can lift is the engine's rule: never an emergency.
    """
    lock_client(client)
    screening = current_screening(client)
    if screening is None:
        raise NothingScreened("There is no screening yet. A clearance is about what a screening found.")
    if newer := _came_up_after(given_on, screening):
        raise ClearanceTooOld(
            f"This clearance is from before something that came up on {newer:%d %b %Y}. A clinician has to look at that too."
        )
    clearance = Clearance.objects.create(
        client=client,
        clinician_name=clinician_name,
        profession=profession,
        given_on=given_on,
        note=note,
        at=at,
        by=by,
    )
    audit.record(action="clearance.recorded", at=at, by=by, target=clearance)
    answers = {**screening.answers, CLEARANCE: True}
    return run_screening(
        client=client, answers=answers, at=at, by=by, intake=screening.intake, asked=(), card=screening.card
    )


def _came_up_after(day: date, screening: Screening) -> date | None:
    """Return when a flag came up that a clinician cannot have known of on `day`, or None.

    What an intake or a first screening told us may be older than the intake: the letter may speak of it.
    """
    versions = list(screening.client.screenings.order_by("at", "pk"))
    since: dict[str, date] = {}
    seen_intakes: set[int | None] = set()
    for version in versions:
        is_first = version.supersedes_id is None or (version.intake_id and version.intake_id not in seen_intakes)
        seen_intakes.add(version.intake_id)
        ids = {flag["id"] for flag in version.result["flags"] if flag["level"] != Screening.Triage.EMERGENCY}
        came_up = date.min if is_first else timezone.localdate(version.at)
        since = {name: since.get(name, came_up) for name in ids}
    newest = max(since.values(), default=date.min)
    return newest if newest > day else None


def changes_between(before: Screening | None, after: Screening) -> list[dict]:
    """Return what `after` answers otherwise than `before`: key, label, was, now; empty for a first version."""
    if before is None:
        return []
    keys = [key for key in ITEMS if before.answers.get(key) != after.answers.get(key)]
    return [
        {"key": key, "label": ITEMS[key].label, "was": before.answers.get(key), "now": after.answers.get(key)}
        for key in keys
    ]


def is_unlikely(answers: Mapping[str, object]) -> bool:
    """Say whether answers stand together that are possible but may be a slip: recorded as male, and pregnant."""
    return answers.get("sex") == "M" and bool(answers.get("pregnant_weeks"))


def unlikely_answers(screening: Screening) -> list[str]:
    """Return the items to confirm with the client; empty once a therapist asked both again. It stops nothing."""
    if not is_unlikely(screening.answers):
        return []
    pair = ["sex", "pregnant_weeks"]
    said = {key: screening.answers[key] for key in pair}
    for version in screening.client.screenings.filter(by__isnull=False, at__lte=screening.at):
        if set(pair) <= set(version.asked) and said == {key: version.answers.get(key) for key in pair}:
            return []
    return pair


def known_answers(client: Client, answers: Mapping[str, object], *, today: date) -> dict[str, object]:
    """Return `answers` without the empty ones, with the age that the birth date tells."""
    given = {key: value for key, value in answers.items() if value is not None}
    age = client.age_on(today)
    return given if age is None else {**given, "age": age}


def _full(result: ScreeningResult, given: Mapping[str, object]) -> dict:
    """Return the result as it is stored: with the words shown and the published counts."""
    return {
        **asdict(result),
        "words": asdict(words_for(result)),
        "published": [asdict(score) for score in published_scores(given)],
    }


def readers_of(screening: Screening) -> list[dict]:
    """Return who opened a page that shows this screening while it was the newest: who, and when first, in that order."""
    until = Screening.objects.filter(supersedes=screening).values_list("at", flat=True).first()
    read = AuditEvent.objects.filter(
        action="chart.read",
        about_client_id=screening.client_id,
        page__in=SHOWN_ON,
        by__isnull=False,
        at__gte=screening.at,
    )
    if until:
        read = read.filter(at__lt=until)
    first = dict(read.order_by("by").values_list("by").annotate(Min("at")))
    people = User.objects.in_bulk(first)
    return [{"by": people[pk], "at": at} for pk, at in sorted(first.items(), key=lambda each: (each[1], each[0]))]


def lock_client(client: Client) -> None:
    """Hold the client's row until the transaction ends, so that two people do not act on one client at once."""
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)


def _lifts_alone(before, screening):
    return (
        screening.by is None and before is not None and before.triage in STOPPING and screening.triage not in STOPPING
    )


def _flag_ids(screening):
    if screening is None:
        return set()
    return {flag["id"] for flag in screening.result["flags"] if flag["level"] in STOPPING}
