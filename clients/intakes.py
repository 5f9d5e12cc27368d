"""The intake from asking for it to handing it in: saved at every step, frozen when handed in."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from anatomy.body import stored_drawing
from clients.card import Card
from clients.consents import CONSENTS, GuardianMustSign, SignatureMissing, give_consent
from clients.drawings import store_drawing
from clients.models import TABLET_LINK, Client, Consent, Intake, IntakeLink, Screening, Task
from clients.records import ADULT_AGE, is_minor
from clients.screening import ITEMS, Flag, client_groups, emergency_now
from clients.screenings import current_screening, known_answers, lock_client, run_screening
from clients.todo import raise_alert, raise_task, settle_tasks
from practice import audit
from practice.errors import Refused
from practice.models import User

GROUPS = {group.id: group for group in client_groups()}
BODY, WORDS = "body", "words"  # the two steps that are no group of the screening
PLACES = "regions"  # where it hurts, beside the words in an intake's history
HISTORY_FIELDS = ("goals", "conditions", "medicines", "allergies", "surgeries", "work")


class IntakeAlreadySubmitted(Refused):
    """What was handed in cannot be changed."""


class TreatmentConsentMissing(Refused):
    """Nobody is treated without having agreed to it."""


class CannotBeMailed(Refused):
    """The client has no e-mail address, or asked not to be mailed."""


@transaction.atomic
def request_intake(*, client: Client, by: User | None, at: datetime) -> Intake:
    """Ask the client for an intake and return it; the one under way if there is one.

    The mail with the link derives from this row. Who cannot be mailed comes onto the call list instead.
    """
    lock_client(client)
    standing = client.intakes.open().first()
    if standing:
        return standing
    intake = Intake.objects.create(client=client, requested_at=at, requested_by=by, wants_mail=client.can_be_mailed)
    audit.record(action="intake.requested", at=at, by=by, actor="staff" if by else "system", target=intake)
    if not client.can_be_mailed:
        raise_task(
            kind=Task.Kind.INTAKE_BY_PHONE, client=client, subject=_subject(intake), for_role="front_desk", at=at
        )
    return intake


@transaction.atomic
def send_intake_again(intake: Intake, *, by: User, at: datetime) -> Intake:
    """Let the link go out once more, and return the intake. Links sent before keep opening until they expire.

    Raises IntakeAlreadySubmitted, CannotBeMailed.
    """
    standing = _lock_open(intake)
    if not standing.client.can_be_mailed:
        raise CannotBeMailed("There is no e-mail address to send it to. Add one, or ask by phone or on the tablet.")
    standing.wants_mail = True
    standing.mail_version += 1
    standing.save(update_fields=["wants_mail", "mail_version"])
    audit.record(action="intake.sent_again", at=at, by=by, target=standing, version=standing.mail_version)
    return standing


@transaction.atomic
def open_on_tablet(intake: Intake, *, by: User, at: datetime) -> IntakeLink:
    """Make a link for the device in the client's hands, and return it. It opens for two hours."""
    standing = _lock_open(intake)
    token = IntakeLink.mint(now=at, expires_at=at + TABLET_LINK, intake=standing)
    audit.record(action="intake.handed_over", at=at, by=by, target=standing)
    return IntakeLink.objects.opened_by(token, now=at)


@transaction.atomic
def save_group(
    intake: Intake,
    *,
    group: str,
    answers: Mapping[str, object],
    at: datetime,
    is_finished: bool = True,
    taken_by: User | None = None,
    unseen: Collection[str] = (),
) -> tuple[Flag, ...]:
    """Save answers of one question group and return the emergency flags that now stand.

    `answers` maps item keys of the group to answers; None takes an answer back, a missing key leaves it as it is.
    `is_finished` is False while the group is still being filled in. `unseen` are items whose answer this person was not
    shown: theirs stands, and the earlier one is kept beside it for the therapist. An emergency alerts the therapist at once.
    A client's form without an answer saves nothing: mail scanners send forms as they find them.
    Raises IntakeAlreadySubmitted, KeyError for a group or item that is not asked of clients, and the engine's
    BadAnswer.
    """
    if unknown := set(answers) - set(GROUPS[group].items):
        raise KeyError(f"Not asked in {group}: {', '.join(sorted(unknown))}.")
    standing = _lock_open(intake)
    if not answers and taken_by is None:
        return emergency_now(standing.answers)
    merged = known_answers(standing.client, {**standing.answers, **answers}, today=timezone.localdate(at))
    flags = emergency_now(merged)
    standing.changed_answers = standing.changed_answers + [
        *_taken_back(standing.answers, merged, at),
        *_answered_anew(standing.answers, answers, unseen, at),
    ]
    standing.answers = merged
    _save_step(standing, intake, group, at, is_finished, taken_by)
    if flags:
        raise_alert(client=standing.client, subject=_subject(standing), at=at)
    return flags


@transaction.atomic
def save_history(
    intake: Intake,
    *,
    step: str,
    at: datetime,
    words: Mapping[str, str] | None = None,
    spots: Iterable[str] | None = None,
    taken_by: User | None = None,
    unseen: Collection[str] = (),
) -> None:
    """Save what the client wrote (`words`: field of HISTORY_FIELDS → text) or where it hurts (`spots`: "left:calf").

    A client's step with nothing in it, now or before, saves nothing. `unseen` as in `save_group`.
    Raises IntakeAlreadySubmitted, ValueError for a place that is not on the body map.
    """
    standing = _lock_open(intake)
    said = {name: words[name] for name in HISTORY_FIELDS if name in words} if words is not None else {}
    if spots is not None:
        said[PLACES] = stored_drawing(spots)
    if taken_by is None and not any(text or standing.history.get(name) for name, text in said.items()):
        return
    standing.changed_answers = standing.changed_answers + [*_answered_anew(standing.history, said, unseen, at)]
    standing.history = {**standing.history, **said}
    _save_step(standing, intake, step, at, True, taken_by)


@transaction.atomic
def submit_intake(
    intake: Intake,
    *,
    consents: Mapping[str, bool],
    signed_name: str,
    is_by_guardian: bool,
    at: datetime,
    taken_by: User | None = None,
) -> Screening:
    """Hand the intake in and return its screening. From now on intake, drawing and consents cannot change.

    `consents` maps every scope to what the client chose. `taken_by` is the therapist who asked, None if nobody did.
    Raises IntakeAlreadySubmitted, TreatmentConsentMissing, SignatureMissing, GuardianMustSign for a minor.
    """
    standing = _lock_open(intake)
    client = standing.client
    if not consents.get(Consent.Scope.TREATMENT):
        raise TreatmentConsentMissing("To hand in your answers we need your consent to be assessed and treated.")
    if not signed_name.strip():
        raise SignatureMissing("Type your name as a signature.")
    if needs_guardian(standing, at=at) and not is_by_guardian:
        raise GuardianMustSign("Under 18: a parent or guardian has to sign.")

    standing.submitted_at, standing.taken_by = at, taken_by
    standing.started_at = standing.started_at or at
    standing.save(update_fields=["submitted_at", "started_at", "taken_by"])
    store_drawing(client=standing.client, regions=standing.history.get(PLACES, []), at=at, intake=standing)
    for scope in CONSENTS:
        give_consent(
            client=client,
            scope=scope,
            is_given=bool(consents.get(scope)),
            signed_name=signed_name,
            is_by_guardian=is_by_guardian,
            at=at,
            taken_by=taken_by,
        )
    audit.record(
        action="intake.submitted", at=at, by=taken_by, actor="staff" if taken_by else "client", target=standing
    )
    settle_tasks(
        kind=Task.Kind.INTAKE_BY_PHONE, subject=_subject(standing), at=at, outcome="The intake has been handed in."
    )
    found, card = _found_meanwhile(standing)
    asked = list(standing.answers)
    return run_screening(
        client=client,
        answers={**found, **standing.answers},
        at=at,
        by=taken_by,
        intake=standing,
        asked=asked,
        card=card,
    )


def _found_meanwhile(intake: Intake) -> tuple[dict, Card]:
    """Return what a therapist examined since this intake was asked for, and the card it stands on.

    A client who hands in at last must not wipe out what was found on the table in the meantime.
    """
    screening = current_screening(intake.client)
    if screening is None or screening.at < intake.requested_at:
        return {}, {}
    examined = {key: answer for key, answer in screening.answers.items() if ITEMS[key].by == "therapist"}
    return examined, screening.card


def needs_guardian(intake: Intake, *, at: datetime) -> bool:
    """Say whether a parent or guardian has to sign: by the birth date, else by the age that was answered."""
    if intake.client.born_on:
        return is_minor(intake.client.born_on, timezone.localdate(at))
    return intake.answers.get("age", ADULT_AGE) < ADULT_AGE


def _lock_open(intake):
    """Lock client, then intake, and return it as stored. Raises IntakeAlreadySubmitted."""
    lock_client(intake.client)
    standing = Intake.objects.select_for_update(no_key=True, of=("self",)).select_related("client").get(pk=intake.pk)
    if standing.is_submitted:
        raise IntakeAlreadySubmitted("These answers have been handed in and cannot be changed here. Please call us.")
    return standing


def _save_step(standing, intake, step, at, is_finished, taken_by):
    standing.started_at = standing.started_at or at
    if is_finished and step not in standing.visited_groups:
        standing.visited_groups = [*standing.visited_groups, step]
    standing.save(update_fields=["answers", "history", "changed_answers", "started_at", "visited_groups"])
    for field in ("answers", "history", "changed_answers", "started_at", "visited_groups"):
        setattr(intake, field, getattr(standing, field))
    if is_finished:
        audit.record(
            action="intake.saved",
            at=at,
            by=taken_by,
            actor="staff" if taken_by else "client",
            target=standing,
            step=step,
        )


def _taken_back(before, after, at):
    """List emergency answers that were yes or not sure and no longer are: the therapist should know."""
    return [
        {"key": key, "from": before[key], "to": after.get(key), "at": at.isoformat()}
        for key in ITEMS
        if _is_taken_back(key, before, after.get(key))
    ]


def _is_taken_back(key, before, answer):
    is_emergency = key in ITEMS and ITEMS[key].emergency
    return is_emergency and before.get(key) in (True, "not_sure") and answer != before[key]


def _answered_anew(before, given, unseen, at):
    """List what was answered without seeing what stood there, but for what `_taken_back` lists."""
    return [
        {"key": key, "from": before[key], "to": answer, "at": at.isoformat()}
        for key, answer in given.items()
        if key in unseen and before.get(key) not in (None, "", []) and not _is_taken_back(key, before, answer)
    ]


def _subject(intake):
    return f"intake:{intake.pk}"
