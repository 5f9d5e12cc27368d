"""The screening as the therapist reads it, and what they add: clarifications, a clearance, a consent in person."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.card import ANSWERED_BY_CARD, CARD_TESTS, PARTS, TESTS, changes_of_card
from clients.consents import CONSENTS, give_consent, holding_consents
from clients.explain import card_words, explain, explain_result
from clients.forms import ClearanceForm, ConsentForm, OutcomeForm, OverruleForm
from clients.gate import gate_for, stopped_by_open_intake, unsettled_alerts
from clients.models import Client, Intake, Screening, Task
from clients.overruling import may_be_overruled, overrule_pattern
from clients.questions import SKIP, CardForm, QuestionForm, answer_words
from clients.rescreen import EVERY_VISIT, known_keys
from clients.screening import GROUPS, ITEMS, RULES, besides_keys
from clients.screenings import (
    CLEARANCE,
    ScreeningChangedMeanwhile,
    Seen,
    changes_between,
    clarify_screening,
    current_screening,
    preview_screening,
    record_clearance,
    screen_in_person,
    unlikely_answers,
    what_stands,
)
from clients.todo import ALERTS, newest_alert
from clients.together import lay_together
from clients.views.intake_steps import read_parts, said_label, said_words
from clients.walk import FullMemory
from practice import audit, clock
from practice.access import role_required
from practice.errors import Refused

NOT_IN_CLARIFY = (CLEARANCE,)  # set by recording a clearance, with a name and a date


@role_required("therapist", "owner")
@require_safe
def screening_page(request, client_id):
    client = open_chart(request, client_id, "clients:screening_page")
    screening = current_screening(client)
    context = {
        "client": client,
        "screening": screening,
        "to_confirm": unlikely_answers(screening) if screening else [],
        "reasons": explain(screening) if screening else None,
        "is_current": True,
        "may_overrule": bool(screening) and may_be_overruled(screening),
        "changes": _changes(screening),
        "versions": client.screenings.newest_first().select_related("by", "intake"),
        "intake": client.intakes.order_by("-requested_at", "-pk").first(),
        "alerts": _alerts(request, client),
        "outcome_form": OutcomeForm(),
        "gate": gate_for(client),
        "must_ask_again": client.pk in unsettled_alerts([client.pk]),
        "newest_alert": newest_alert(client),
        "stopping_intake": client.intakes.open().first() if stopped_by_open_intake([client.pk]) else None,
        "clearances": client.clearances.order_by("-given_on", "-pk").select_related("by"),
        "consents": [(text, holding_consents(client).get(scope)) for scope, text in CONSENTS.items()],
    }
    return render(request, "clients/screening_page.html", context)


@role_required("therapist", "owner")
@require_safe
def screening_version(request, client_id, screening_id):
    client = open_chart(request, client_id, "clients:screening_version")
    screening = get_object_or_404(Screening.objects.visible_to(request.user), pk=screening_id, client=client)
    context = {
        "client": client,
        "screening": screening,
        "reasons": explain(screening),
        "is_current": not Screening.objects.filter(supersedes=screening).exists(),
        "changes": _changes(screening),
        "versions": client.screenings.newest_first().select_related("by", "intake"),
    }
    return render(request, "clients/screening_version.html", context)


@role_required("therapist", "owner")
@require_safe
def screening_compare(request, client_id):
    """Lay two versions side by side; without a choice the present one and the one before it."""
    client = open_chart(request, client_id, "clients:screening_compare")
    versions = list(client.screenings.newest_first().select_related("by"))
    chosen = [_version_of(versions, request.GET.get(name), place) for place, name in ((1, "before"), (0, "after"))]
    sides = [{"screening": each, "reasons": explain(each)} for each in chosen if each]
    context = {"client": client, "versions": versions, "sides": sides, "rows": _side_by_side(chosen)}
    return render(request, "clients/screening_compare.html", context)


def _version_of(versions, wanted, place):
    """Return the version asked for, or the one at `place` of the list; 404 for one that is not this client's."""
    if wanted is None:
        return versions[min(place, len(versions) - 1)] if versions else None
    found = next((each for each in versions if str(each.pk) == wanted), None)
    if found is None:
        raise Http404
    return found


def _side_by_side(chosen):
    """Return every item that either version answers, differences first, then in the order asked."""
    if None in chosen:
        return []
    before, after = (each.answers for each in chosen)
    rows = [
        {
            "label": ITEMS[key].label,
            "words": [answer_words(key, before.get(key)), answer_words(key, after.get(key))],
            "differs": before.get(key) != after.get(key),
        }
        for key in ITEMS
        if key in before or key in after
    ]
    rows += _cards_side_by_side(*(each.card for each in chosen))
    return sorted(rows, key=lambda row: not row["differs"])


def _cards_side_by_side(before, after):
    return [
        {
            "label": f"{CARD_TESTS[test].label}, by side",
            "words": [card_words(test, before.get(test, {})), card_words(test, after.get(test, {}))],
            "differs": before.get(test) != after.get(test),
        }
        for test in TESTS
        if test in before or test in after
    ]


@role_required("therapist", "owner")
@require_safe
def intake_read(request, client_id, intake_id):
    client = open_chart(request, client_id, "clients:intake_read")
    intake = get_object_or_404(
        Intake.objects.visible_to(request.user).select_related("taken_by"), pk=intake_id, client=client
    )
    taken_back = [
        {
            "label": said_label(each["key"]),
            "was": said_words(each["key"], each["from"]),
            "now": said_words(each["key"], each["to"]),
        }
        for each in intake.changed_answers
        if each["from"] != each["to"]
    ]
    context = {
        "client": client,
        "intake": intake,
        "parts": read_parts(intake, FullMemory(intake)),
        "taken_back": taken_back,
    }
    return render(request, "clients/intake_read.html", context)


@role_required("therapist")
@require_http_methods(["GET", "HEAD", "POST"])
def screening_clarify(request, client_id):
    client = open_chart(request, client_id, "clients:screening_clarify")
    screening = current_screening(client)
    return show_clarify(request, client, screening, data=request.POST if request.method == "POST" else None)


def show_clarify(request, client, screening, *, data=None, marked=None):
    """Show the full page of questions and tests, and save what was posted to it.

    `marked` are answers just given in the re-screen: they are chosen already, and its other questions are open again.
    """
    is_rescreen = marked is not None or (data is not None and data.get("rescreen") == "yes")
    answers = screening.answers if screening else {}
    shown = {**answers, **dict.fromkeys(_to_ask_again(screening)), **marked} if marked is not None else None
    form, card = _forms(client, screening, data, shown=shown)
    refusal, meanwhile = "", None
    if form.is_valid() and card.is_valid():
        try:
            added = _save(request, client, screening, form, card, is_rescreen=is_rescreen)
        except ScreeningChangedMeanwhile as changed:
            screening = current_screening(client)
            started = _started_from(client, data.get("base", ""))
            if started == screening:  # the same version, but the client has sent an answer
                refusal = str(changed)
            else:
                meanwhile = lay_together(
                    screening,
                    started=started,
                    given=form.read_answers(),
                    card=card.card(),
                    asked_again=EVERY_VISIT if is_rescreen else (),
                )
                form, card = _forms(client, screening, None, shown=meanwhile.answers, shown_card=meanwhile.card)
        except Refused as error:
            refusal = str(error)
        else:
            messages.success(request, f"New version of the screening: {added.get_triage_display().lower()}.")
            return redirect("clients:screening_page", client.pk)
    first = [*(EVERY_VISIT if is_rescreen else ()), *_to_ask(screening)]
    open_questions = [form.question(key) for key in dict.fromkeys(first) if key in form.fields]
    needed = [form.question(key) for key in _needed(screening) if key in form.fields and key not in first]
    context = {
        "client": client,
        "screening": screening,
        "form": form,
        "refusal": refusal,
        "meanwhile": meanwhile,
        "is_rescreen": is_rescreen,
        **stands_on(client),
        "open_questions": open_questions,
        "card": card,
        "parts": [_part(form, card, part, needed if part.id == "needed" else []) for part in PARTS],
        "others": _others(form, [question.item.key for question in (*open_questions, *needed)]),
    }
    is_refused = form.errors or card.errors or refusal or meanwhile
    return render(request, "clients/screening_clarify.html", context, status=422 if is_refused else 200)


@role_required("therapist")
@require_POST
def screening_preview(request, client_id):
    """Say what the page as it now stands would give. Stores nothing; the answers travel in the body alone."""
    client = open_chart(request, client_id, "clients:screening_preview")
    screening = current_screening(client)
    form, card = _forms(client, screening, request.POST)
    reasons = None
    if form.is_valid() and card.is_valid():
        changes = _changes_of(form, is_rescreen=request.POST.get("rescreen") == "yes")
        changes |= changes_of_card(card.standing, card.card())
        answers = {**(screening.answers if screening else {}), **changes}
        reasons = explain_result(preview_screening(client, screening, changes=changes, at=clock.now()), answers)
    unread = [
        {"label": str(each.fields[name].label), "field": f"div_{each[name].auto_id}"}
        for each in (form, card)
        for name in each.errors
        if name in each.fields
    ]
    return render(request, "clients/_screening_preview.html", {"reasons": reasons, "unread": unread})


def _forms(client, screening, data, *, shown=None, shown_card=None):
    answers = screening.answers if screening else {}
    form = QuestionForm(data, keys=_keys(client), answers=answers, shown=shown, for_therapist=True)
    return form, CardForm(data, card=screening.card if screening else {}, answers=answers, shown=shown_card)


def stands_on(client):
    """Return what a page of questions stands on, as hidden fields: it comes back with the answers."""
    now = what_stands(client)
    return {"base": now.version, "seen_alert": now.alert}


def seen_by(request):
    """Return what the page stood on from which the answers were sent."""
    return Seen(version=request.POST.get("base", ""), alert=request.POST.get("seen_alert", ""))


def _keys(client):
    """Return the items asked one by one: all but what the card tells, and the age where the birth date tells it."""
    left_out = {*NOT_IN_CLARIFY, *ANSWERED_BY_CARD, *(("age",) if client.born_on else ())}
    return [key for key in ITEMS if key not in left_out]


def _to_ask_again(screening):
    return [key for key in EVERY_VISIT if key not in known_keys(screening)]


def _changes_of(form, *, is_rescreen):
    """Return what the questions change; in a re-screen, what was left open was not asked and the earlier answer stands."""
    changes = form.changed_answers()
    if not is_rescreen:
        return changes
    return {key: answer for key, answer in changes.items() if answer is not None or key not in EVERY_VISIT}


def _save(request, client, screening, form, card, *, is_rescreen):
    """Add to the version that stood on the page; without one, this is the first screening, asked in person."""
    changes, now = _changes_of(form, is_rescreen=is_rescreen), clock.now()
    given = {"card": card.card(), "by": request.user, "at": now, "seen": seen_by(request)}
    if screening is None:
        return screen_in_person(client=client, answers=changes, **given)
    asked = [key for key in EVERY_VISIT if form.read_answers().get(key) is not None] if is_rescreen else []
    return clarify_screening(screening, changes=changes, asked=asked, **given)


def _started_from(client, base):
    """Return the version the page was made from; None for a first screening, or for a number that is not this client's."""
    return next((each for each in client.screenings.all() if str(each.pk) == base), None)


def _part(form, card, part, needed):
    """Lay out one part of the examination: tests per side, and questions. Folded unless it holds something."""
    tests = [card.row(key) for key in part.tests]
    fields = [side[name] for row in tests for side in row["sides"] for name in ("field", "angle") if side[name]]
    questions = [*needed, *(form.question(key) for key in part.questions)]
    fields += [question.field for question in questions]
    filled = sum(field.value() not in (None, "", [], SKIP) for field in fields if "angle" not in field.name)
    return {
        "part": part,
        "tests": tests,
        "questions": questions,
        "filled": filled,
        "is_open": part.id == "needed" or any(field.errors for field in fields),
        "contents": ", ".join([*(row["test"].label for row in tests), *(str(each.field.label) for each in questions)]),
    }


def _others(form, shown_above):
    """Everything else the client was asked, by group, without what stands further up."""
    groups = [
        {"group": group, "questions": [form.question(key) for key in group.items if _is_left(form, key, shown_above)]}
        for group in GROUPS
        if group.by == "client"
    ]
    return [
        {**each, "has_errors": any(question.field.errors for question in each["questions"])}
        for each in groups
        if each["questions"]
    ]


def _is_left(form, key, shown_above):
    return key in form.fields and key not in shown_above


def _needed(screening):
    """Return what the client was not asked, or was not sure of, without which no pattern is suggested."""
    answers = screening.answers if screening else {}
    keys = [key for group in RULES.minimum for key in group.items if ITEMS[key].by != "therapist"]
    return [key for key in keys if answers.get(key) in (None, "not_sure")]


def _to_ask(screening):
    """Return what to ask first: what keeps it open, emergency answers that stopped it, and whatever was not certain."""
    if screening is None:
        return list(EVERY_VISIT)
    stopping = [key for flag in screening.result["flags"] if flag["level"] == "emergency" for key in flag["items"]]
    unsure = [key for key, answer in screening.answers.items() if answer == "not_sure"]
    wanted = {
        *screening.result["blocking"],
        *stopping,
        *unsure,
        *besides_keys().intersection(screening.result["missing"]),
    }
    return [key for key in ITEMS if key in wanted and ITEMS[key].by != "therapist"]


@role_required("therapist")
@require_POST
def screening_confirm(request, client_id):
    """Store that the unlikely answers were asked again and are right."""
    client = open_chart(request, client_id, "clients:screening_confirm")
    screening = current_screening(client)
    if screening and (keys := unlikely_answers(screening)):
        clarify_screening(screening, changes={}, asked=keys, by=request.user, at=clock.now())
        messages.success(request, "Confirmed, and on file under your name.")
    return redirect("clients:screening_page", client.pk)


@role_required("therapist")
@require_http_methods(["GET", "HEAD", "POST"])
def screening_overrule(request, client_id):
    client = open_chart(request, client_id, "clients:screening_overrule")
    screening = current_screening(client)
    if screening is None or not may_be_overruled(screening):
        messages.info(request, "The screening names no pattern, so there is none to overrule.")
        return redirect("clients:screening_page", client.pk)
    form = OverruleForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            row = overrule_pattern(screening, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"On file: you work with “{row.get_pattern_display()}”.")
            return redirect("clients:screening_page", client.pk)
    context = {"client": client, "form": form, "screening": screening}
    return render(request, "clients/screening_overrule.html", context, status=422 if form.errors else 200)


@role_required("therapist")
@require_http_methods(["GET", "HEAD", "POST"])
def clearance_create(request, client_id):
    client = open_chart(request, client_id, "clients:clearance_create")
    form = ClearanceForm(request.POST if request.method == "POST" else None, today=clock.today())
    if form.is_valid():
        fields = {name: form.cleaned_data[name] for name in ("clinician_name", "profession", "given_on", "note")}
        try:
            screening = record_clearance(client=client, by=request.user, at=clock.now(), **fields)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            words = f"Clearance on file. The screening now says: {screening.get_triage_display().lower()}."
            if gate_for(client).overtakes_screening:
                words += " An alert still stops treatment."
            messages.success(request, words)
            return redirect("clients:screening_page", client.pk)
    context = {"client": client, "form": form, "screening": current_screening(client)}
    return render(request, "clients/clearance_create.html", context, status=422 if form.errors else 200)


@role_required("therapist")
@require_http_methods(["GET", "HEAD", "POST"])
def consent_record(request, client_id):
    client = open_chart(request, client_id, "clients:consent_record")
    initial = {"scope": request.GET.get("scope", "")}
    form = ConsentForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            give_consent(client=client, at=clock.now(), taken_by=request.user, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Consent recorded.")
            return redirect("clients:screening_page", client.pk)
    context = {"client": client, "form": form, "texts": CONSENTS.values()}
    return render(request, "clients/consent_record.html", context, status=422 if form.errors else 200)


def open_chart(request, client_id, page):
    """Load a client whose chart this person may read, and write that they did before anything is shown."""
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    audit.record_reading(client=client, page=page, at=clock.now(), by=request.user)
    return client


def _changes(screening):
    if screening is None:
        return []
    return [
        {**each, "was": answer_words(each["key"], each["was"]), "now": answer_words(each["key"], each["now"])}
        for each in changes_between(screening.supersedes, screening)
    ]


def _alerts(request, client):
    alerts = Task.objects.visible_to(request.user).filter(client=client, kind__in=ALERTS)
    return alerts.order_by("-created_at", "-pk").select_related("done_by")
