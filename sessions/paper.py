"""The note as it stands on paper: one plain account of everything, that the print page and the PDF both set."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.formats import date_format

from clients.models import Consent, Screening
from clients.screening import ITEMS, RULES
from practice.models import Practice, User
from practice.phones import region_of
from practice.templatetags.ui import local_date, local_dt, local_time, phone
from sessions.models import AdverseEvent, Amendment, OutcomeScore, TreatmentSession
from sessions.note import note_of
from sessions.reading import phase_of

LETTER = {"US", "CA", "MX", "PH", "CL", "CO"}  # where paper is letter, not A4
ASIDE = "A screening aid, not a diagnosis."
BESIDE = "Kept beside the note: the signature does not cover it."  # it may have come, or changed, since
IN_THE_HEAD = (
    OutcomeScore.Measure.PAIN_BEFORE,
    OutcomeScore.Measure.NRS_BACK,
    OutcomeScore.Measure.NRS_BUTTOCK,
    OutcomeScore.Measure.NRS_LEG,
    OutcomeScore.Measure.PAIN_AFTER,
)


def paper_of(session: TreatmentSession, *, practice: Practice, by: User, at: datetime) -> dict:
    """Return the whole note as plain values, printed `by` whom and `at` when. The number of queries is fixed.

    `head` (label, words); `parts` (title, text, items, columns, rows, widths); `signature` lines; `entries` (title, meta,
    text): later words and adverse events; `banners` and `mark` for a note that is no signed record; `foot`, `paper`.
    """
    note, amendments = note_of(session), list(session.amendments.order_by("chain_position"))
    return {
        "title": "Session record",
        "sub": f"Visit of {local_date(session.appointment.starts_at)}",
        "practice": {"name": practice.name, "lines": f"{practice.address}\n{phone(practice.phone)}"},
        "banners": _banners(session, amendments),
        "mark": _mark(session),
        "head": _head(session, note),
        "parts": [*_parts(session, note)],
        "signature": _signature(session, note),
        "entries": [*_amendments(amendments), *_adverse_events(session)],
        "foot": f"Printed {local_dt(at)} by {by.name}. Client record {session.client_id}, session {session.pk}.",
        "paper": "us-letter" if region_of(practice.phone) in LETTER else "a4",
    }


def _mark(session) -> str:
    if session.is_in_error:
        return "ENTERED IN ERROR"
    return "" if session.is_signed else "DRAFT – not signed"


def _banners(session, amendments: Iterable[Amendment]) -> list[str]:
    struck = [each for each in amendments if each.kind == Amendment.Kind.ENTERED_IN_ERROR]
    banners = [
        f"ENTERED IN ERROR. {local_dt(each.at)}, {each.signed_as}. Reason: {each.reason}\n"
        "Kept as it was, and part of nothing: no list, count, measure or report."
        for each in struck
    ]
    if not session.is_signed and not session.is_in_error:
        banners.append("DRAFT – not signed. This is no record yet and may still change.")
    return banners


# --- the head


def _head(session, note) -> list[tuple[str, str]]:
    client, visit, screening = session.client, session.appointment, session.screening
    born = f", born {date_format(client.born_on, 'j M Y')}" if client.born_on else ""
    room = f", {visit.room.name}" if visit.room else ""
    rows = [
        ("Client", f"{client.name}{born}. Client record {client.pk}"),
        ("Visit", f"{local_dt(visit.starts_at)} to {local_time(visit.ends_at)}, {visit.service.name}{room}"),
        ("Therapist", _named(session.therapist)),
    ]
    if session.plan:
        side = session.plan.get_side_display().lower()
        rows.append(("Plan", f"{session.plan.protocol.name}, {side}, visit {session.visit_number}"))
    return [
        *rows,
        ("Consent", _consents(session)),
        (
            "Screening",
            f"{screening.get_triage_display()}, {local_dt(screening.at)}, rules {screening.rules_version}. {ASIDE}",
        ),
        ("Warning signs", "; ".join(flag["why"] for flag in screening.result.get("flags", ())) or "none found"),
        ("Not answered", "; ".join(unanswered(screening)) or "nothing"),
        ("Pain (0–10)", f"{_nrs(session.pain_before_nrs)} before, {_nrs(session.pain_after_nrs)} after"),
        *([("Before, by place", note["pain_places"])] if note["pain_places"] else []),
    ]


def _named(user: User) -> str:
    return f"{user.name}, {user.credential}" if user.credential else user.name


def _nrs(value: int | None) -> str:
    return "not asked" if value is None else str(value)


def _consents(session) -> str:
    """What the client had agreed to by the end of the visit; an answer given later speaks of later visits."""
    until = max(session.started_at, session.appointment.ends_at)
    rows = session.client.consents.filter(at__lte=until).order_by("at", "pk")
    holding = {row.scope: row for row in rows}
    return "\n".join(_consent(scope, holding.get(scope)) for scope in Consent.Scope)


def _consent(scope: Consent.Scope, row: Consent | None) -> str:
    if row is None:
        return f"{scope.label}: none on file"
    guardian = " as guardian" if row.is_by_guardian else ""
    said = "agreed" if row.is_given else "not agreed"
    return f"{scope.label}: {said}, signed {row.signed_name}{guardian}, {local_date(row.at)}, wording {row.wording_version}"


def unanswered(screening: Screening) -> list[str]:
    """Return by name what the screening still missed: question groups, then single items."""
    groups = {group.id: group for group in RULES.minimum}
    open_groups = [groups[name] for name in screening.result.get("minimum_missing", ()) if name in groups]
    told = {key for group in open_groups for key in group.items}
    missing = [key for key in screening.result.get("missing", ()) if key not in told]
    return [*(group.label for group in open_groups), *(ITEMS[key].label if key in ITEMS else key for key in missing)]


# --- the body


def _parts(session, note) -> Iterable[dict]:
    words = {heading: (text, day) for heading, text, day in note["words"]}
    yield from _text("Subjective", words)
    yield from _text("Objective", words)
    if note["findings"]:
        rows = [
            [_with_copied(row), row["felt"] or "not recorded", row["done"] or "not treated"] for row in note["findings"]
        ]
        given = f"{note['minutes']} min of treatment in a visit of {session.booked_minutes} min."
        columns = ["Muscle", "Felt", "Done, dose and response"]
        yield _part("Muscles", text=given, columns=columns, rows=rows, widths=[3, 5, 6])
    if note["tests"]:
        yield _part("Tests", items=note["tests"])
    beside = BESIDE if session.is_signed else ""
    if measures := _measures(session):
        yield _part("Measures", items=measures, text=beside)
    yield from _text("Assessment", words)
    yield from _text("Plan", words)
    if programme := _home_programme(session):
        yield _part("Home programme of this phase of the plan", items=programme, text=beside)


def _part(title, *, text="", items=(), columns=(), rows=(), widths=()) -> dict:
    return {
        "title": title,
        "text": text,
        "items": list(items),
        "columns": list(columns),
        "rows": list(rows),
        "widths": list(widths),
    }


def _text(title, words) -> Iterable[dict]:
    if title in words:
        text, day = words[title]
        yield _part(f"{title} (copied from {day}, not confirmed)" if day else title, text=text)


def _with_copied(row: dict) -> str:
    if not row["copied"]:
        return row["name"]
    return f"{row['name']} (copied from {row['copied_on']}, not confirmed: {', '.join(row['copied'])})"


def _measures(session) -> list[str]:
    scores = session.outcome_scores.holding().exclude(measure__in=IN_THE_HEAD).order_by("measured_at", "pk")
    return [f"{row.get_measure_display()}: {row.score.normalize():f}, {local_dt(row.measured_at)}" for row in scores]


def _home_programme(session) -> list[str]:
    phase = phase_of(session)
    exercises = phase.exercises.order_by("position", "pk") if phase else ()
    return [f"{exercise.name}: {exercise.dose}" for exercise in exercises]


# --- the foot


def _signature(session, note) -> list[str]:
    if not session.is_signed:
        kind = "Withdrawn as a draft" if session.is_in_error else "A draft"
        return [f"Not signed. {kind} of {session.therapist.name}."]
    late = ["Late signature: more than a day after the visit."] if note["is_late"] else []
    return [
        f"Signed by {session.signed_as}, {local_dt(session.signed_at)}",
        *late,
        f"Entry {session.chain_position} of the chain, content {session.content_hash[:16]}",
    ]


def _amendments(amendments: Iterable[Amendment]) -> Iterable[dict]:
    for each in amendments:
        if each.kind != Amendment.Kind.ENTERED_IN_ERROR:
            yield {"title": each.get_kind_display(), "meta": _said(each), "text": each.text}


def _said(amendment: Amendment) -> str:
    told = f"Happened {local_dt(amendment.happened_at)}, written " if amendment.happened_at else ""
    chain = f"Entry {amendment.chain_position} of the chain of amendments, content {amendment.content_hash[:16]}"
    return f"{told}{local_dt(amendment.at)}, {amendment.signed_as}. Reason: {amendment.reason}\n{chain}"


def _adverse_events(session) -> Iterable[dict]:
    events = session.adverse_events.latest_words().newest_first().select_related("used_technique", "by", "corrects__by")
    for event in events:
        yield {"title": _event_title(event), "meta": _event_meta(event), "text": _event_text(event)}


def _event_title(event: AdverseEvent) -> str:
    title = f"Adverse event, {local_date(event.happened_on)}"
    return f"{title}: entered in error" if event.is_in_error else title


def _event_meta(event: AdverseEvent) -> str:
    after = f", after {event.technique_words}" if event.technique_words else ""
    lines = [
        f"{event.get_severity_display()}. Where: {event.place}{after}.",
        f"Recorded {local_dt(event.at)} by {event.by.name}.",
    ]
    if event.corrects_id:
        before = event.corrects
        lines.append(f"Corrects the entry of {local_dt(before.at)} by {before.by.name}. Reason: {event.reason}")
    return "\n".join(lines)


def _event_text(event: AdverseEvent) -> str:
    told = f"\nReported to: {event.reported_to}" if event.reported_to else ""
    return f"{event.description}\nDone: {event.action_taken}{told}"
