"""One step of an intake, the same for the client behind a mail link and for the therapist who asks by phone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from anatomy.body import spot_label, spots_of
from clients.consents import CONSENTS
from clients.forms import HISTORY_WORDS, HandInForm, HistoryForm
from clients.intakes import (
    BODY,
    GROUPS,
    HISTORY_FIELDS,
    PLACES,
    WORDS,
    IntakeAlreadySubmitted,
    needs_guardian,
    save_group,
    save_history,
    submit_intake,
)
from clients.models import Intake
from clients.questions import QuestionForm, answer_words
from clients.screening import ITEMS, emergency_now
from clients.screenings import is_unlikely
from clients.walk import (
    BY_KEY,
    CHECK,
    SAVED_STEPS,
    SIGN,
    STEPS,
    Step,
    asked_keys,
    first_open_step,
    is_answered,
    is_open_here,
    next_step,
    own_answers,
    skipped_keys,
    step_before,
    unseen,
)
from practice.errors import Refused
from practice.models import User

PLACES_QUESTION = "Mark every place where it hurts, tingles or feels numb"


@dataclass(frozen=True)
class Walk:
    """One person's way through one intake: `by` is the therapist who asks, None for the client alone."""

    intake: Intake
    memory: object
    now: datetime
    url: Callable[[str], str]  # of a step's key
    overview_url: str
    emergency_url: str
    done_url: str
    by: User | None = None

    @property
    def base(self) -> str:
        """The page this stands in."""
        return "base.html" if self.by else "public_base.html"

    def standing_flags(self):
        """Return emergency flags that this person's own answers raise."""
        flags = emergency_now(self.intake.answers)
        return [flag for flag in flags if any(self.memory.knows(key) for key in flag.items)]


def serve_step(request, walk: Walk, key: str):
    """Show or save one step. Of steps answered on another device the answers are not shown; new ones count."""
    step = BY_KEY.get(key)
    if step is None:
        raise Http404
    if walk.intake.is_submitted:
        return redirect(walk.done_url)
    serve = _group if step.is_group else OTHER_STEPS[step.key]
    try:
        return serve(request, walk, step)
    except IntakeAlreadySubmitted:
        # A double tap, or the other phone was quicker: the page of thanks says what holds now.
        return redirect(walk.done_url)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(walk.overview_url)


def overview(walk: Walk) -> dict:
    """Return what the overview page shows: every part with where it stands for this person."""
    parts = [
        {"step": step, "url": walk.url(step.key), "state": _state(step, walk.intake, walk.memory)} for step in STEPS
    ]
    going_on = first_open_step(walk.intake, walk.memory)
    return {
        **_frame(walk),
        "parts": parts,
        "going_on": going_on,
        "going_on_url": walk.url(going_on.key),
        "is_started": walk.intake.started_at is not None,
        "done_count": sum(part["state"] != "open" for part in parts),
    }


def _state(step, intake, memory):
    if not is_answered(step, intake):
        return "skipped" if memory.wrote(step.key) else "open"
    return "here" if is_open_here(step, intake, memory) else "elsewhere"


def _frame(walk, step: Step | None = None) -> dict:
    """Return what every page of the walk needs."""
    frame = {
        "base": walk.base,
        "intake": walk.intake,
        "client": walk.intake.client,
        "flags": walk.standing_flags(),
        "overview_url": walk.overview_url,
        "by": walk.by,
    }
    if step:
        before = step_before(step, walk.intake, walk.memory)
        frame |= {
            "step": step,
            "state": _state(step, walk.intake, walk.memory),
            "number": STEPS.index(step) + 1,
            "total": len(STEPS),
            "back_url": walk.url(before.key) if before else walk.overview_url,
        }
    return frame


def _group(request, walk, step):
    keys, answers = asked_keys(walk.intake, step.key), own_answers(walk.intake, walk.memory)
    form = QuestionForm(request.POST if request.method == "POST" else None, keys=keys, answers=answers)
    if request.method == "POST":
        is_whole = form.is_valid() and not request.htmx
        fresh = _save_answers(form, walk, step, is_whole)
        if request.htmx:
            return HttpResponse(status=204, headers={"HX-Redirect": walk.emergency_url} if fresh else {})
        if is_whole:
            return redirect(walk.emergency_url if fresh else walk.url(next_step(step).key))
    context = {**_frame(walk, step), "form": form, "group": GROUPS[step.key]}
    return render(request, "clients/intake_group.html", context, status=422 if form.errors else 200)


def _save_answers(form, walk, step, is_whole) -> bool:
    """Save what can be read, and say whether an emergency stands that this person was not shown yet.

    An empty field takes back only what this browser had answered itself.
    """
    given = {key: value for key, value in form.read_answers().items() if value is not None or walk.memory.knows(key)}
    blind = unseen(given, walk.memory)
    save_group(
        walk.intake, group=step.key, answers=given, at=walk.now, is_finished=is_whole, taken_by=walk.by, unseen=blind
    )
    walk.memory.add(answers=given, steps=[step.key] if is_whole else [])
    fresh = [flag.id for flag in walk.standing_flags() if not walk.memory.has_seen(flag.id)]
    walk.memory.add(flags=fresh)
    return bool(fresh)


def _body(request, walk, step):
    spots = _own_spots(walk.intake, walk.memory)
    problem = ""
    if request.method == "POST":
        spots = request.POST.getlist("regions")
        try:
            given = spots if spots or walk.memory.knows(PLACES) else None  # an empty map takes back only one's own
            blind = unseen([PLACES], walk.memory)
            save_history(walk.intake, step=step.key, spots=given, at=walk.now, taken_by=walk.by, unseen=blind)
        except ValueError as error:
            problem = str(error)
        else:
            walk.memory.add(answers={PLACES: spots}, steps=[step.key])
            return redirect(walk.url(next_step(step).key))
    context = {**_frame(walk, step), "spots": spots, "question": PLACES_QUESTION, "problem": problem}
    return render(request, "clients/intake_body.html", context, status=422 if problem else 200)


def _own_spots(intake, memory):
    return spots_of(intake.history.get(PLACES, [])) if memory.knows(PLACES) else []


def _words(request, walk, step):
    own = {name: walk.intake.history.get(name, "") for name in HISTORY_FIELDS if walk.memory.knows(name)}
    form = HistoryForm(request.POST if request.method == "POST" else None, initial=own)
    if form.is_valid():
        # As in a group: an empty field takes back only what this browser wrote itself.
        said = {name: text for name, text in form.cleaned_data.items() if text or name in own}
        blind = unseen(said, walk.memory)
        save_history(walk.intake, step=step.key, words=said, at=walk.now, taken_by=walk.by, unseen=blind)
        walk.memory.add(answers=said, steps=[step.key])
        return redirect(walk.url(next_step(step).key))
    context = {**_frame(walk, step), "form": form}
    return render(request, "clients/intake_words.html", context, status=422 if form.errors else 200)


def _check(request, walk, step):
    context = {
        **_frame(walk, step),
        "parts": parts_read(walk),
        "sign_url": walk.url(SIGN),
        "to_confirm": is_unlikely(own_answers(walk.intake, walk.memory)),
    }
    return render(request, "clients/intake_check.html", context)


def parts_read(walk: Walk) -> list[dict]:
    """Return every part as `read_parts` does, each with the address where it can be changed."""
    return [{**part, "url": walk.url(part["step"].key)} for part in read_parts(walk.intake, walk.memory)]


def read_parts(intake: Intake, memory) -> list[dict]:
    """Return every part with what was answered and what was left out, as far as this person may see it."""
    return [_part(step, intake, memory) for step in SAVED_STEPS]


def _part(step, intake, memory):
    part = {"step": step, "url": "", "state": _state(step, intake, memory), "rows": [], "skipped": [], "spots": []}
    if step.is_group:
        answers = own_answers(intake, memory)
        asked = [key for key in GROUPS[step.key].items if key in answers]
        part["rows"] = [(_question(key), answer_words(key, answers[key])) for key in asked]
        part["skipped"] = [_question(key) for key in skipped_keys(intake, step.key, memory)]
    elif step.key == BODY:
        part["spots"] = _own_spots(intake, memory)
        part["skipped"] = [] if intake.history.get(PLACES) else [PLACES_QUESTION]
    elif step.key == WORDS and part["state"] != "elsewhere":
        said = {name: intake.history.get(name) for name in HISTORY_FIELDS}
        part["rows"] = [(HISTORY_WORDS[name][0], text) for name, text in said.items() if text and memory.knows(name)]
        part["skipped"] = [HISTORY_WORDS[name][0] for name, text in said.items() if not text]
    return part


def said_label(key: str) -> str:
    """Return what was asked under a key: an item, a field of the client's own words, or the places."""
    if key in ITEMS:
        return ITEMS[key].label
    return PLACES_QUESTION if key == PLACES else HISTORY_WORDS[key][0]


def said_words(key: str, answer) -> str:
    """Return an answer under such a key in words."""
    if key in ITEMS:
        return answer_words(key, answer)
    return ", ".join(spot_label(each) for each in spots_of(answer)) if key == PLACES else answer


def _question(key):
    return ITEMS[key].question or ITEMS[key].label


def _sign(request, walk, step):
    is_minor = needs_guardian(walk.intake, at=walk.now)
    form = HandInForm(
        request.POST if request.method == "POST" else None, needs_guardian=is_minor, is_asked_by_staff=bool(walk.by)
    )
    if form.is_valid():
        submit_intake(walk.intake, at=walk.now, taken_by=walk.by, **form.signature)
        walk.memory.add(steps=[CHECK, SIGN])
        return redirect(walk.done_url)
    context = {
        **_frame(walk, step),
        "form": form,
        "is_minor": is_minor,
        "referrers": referrers_of(walk.intake.client),
        "consents": CONSENTS,
    }
    return render(request, "clients/intake_sign.html", context, status=422 if form.errors else 200)


def referrers_of(client) -> list[str]:
    """Return the names of clinicians who sent this client; by relation name, since referrals stand to the right."""
    return sorted({referral.referrer.name for referral in client.referrals.select_related("referrer")})


OTHER_STEPS = {BODY: _body, WORDS: _words, CHECK: _check, SIGN: _sign}
