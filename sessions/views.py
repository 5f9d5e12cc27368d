"""Pages of massage sessions: chart, check and sign, read, amend, withdraw."""

from django.contrib import messages
from django.db.models import Q
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from booking.models import Appointment
from clients.drawings import course_of
from clients.gate import RescreenDue, ScreeningNotClear
from clients.models import Client
from practice import audit, clock
from practice.access import role_required
from practice.errors import Refused
from sessions.chart_map import VIEWS, grid_rows, muscle_marks, places_by_group, without_untouched
from sessions.chart_page import BLANK, differences, fill_as_planned, open_page, with_drafts, with_drafts_of_now
from sessions.charting import (
    ChartChanged,
    NotYourChart,
    SessionAlreadySigned,
    SessionEnteredInError,
    amend_session,
    is_copy,
    missing_for_signature,
    save_chart,
    sign_session,
    start_session,
    withdraw_session,
)
from sessions.entries import FindingEntry, parse_spot
from sessions.forms import AmendmentForm, WithdrawalForm, prefix_of
from sessions.models import Amendment, TreatmentSession
from sessions.note import is_late_by, note_of
from sessions.retests import is_row
from sessions.snippets import snippets_by_section
from sessions.unsent import keys_of

CONFLICTS = {ChartChanged: "changed", SessionAlreadySigned: "signed", SessionEnteredInError: "withdrawn"}


def _readable(request, pk, page):
    """Return the session if this person may read it, and write down that they do."""
    sessions = TreatmentSession.objects.visible_to(request.user).select_related(
        "client", "therapist", "appointment__service", "appointment__room", "plan__protocol", "screening", "signed_by"
    )
    session = get_object_or_404(sessions, pk=pk)
    audit.record_reading(client=session.client, page=f"sessions:{page}", at=clock.now(), by=request.user)
    return session


@role_required("therapist")
@require_POST
def session_start(request, appointment_id):
    appointment = get_object_or_404(Appointment.objects.visible_to(request.user), pk=appointment_id)
    get_object_or_404(Client.objects.charts_visible_to(request.user), pk=appointment.client_id)
    try:
        session = start_session(appointment, by=request.user, at=clock.now())
    except RescreenDue as refusal:
        messages.info(request, str(refusal))
        return redirect(
            f"{reverse('clients:rescreen', args=[appointment.client_id])}?next={reverse('workspace:today')}"
        )
    except ScreeningNotClear as refusal:
        messages.error(request, str(refusal))
        return redirect("clients:screening_page", appointment.client_id)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(appointment.client)
    return redirect("sessions:session_chart", session.pk)


# --- charting


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def session_chart(request, pk):
    session = _readable(request, pk, "session_chart")
    if request.method == "GET" and (session.is_closed or session.therapist_id != request.user.pk):
        return redirect(session)
    if request.method == "GET" and request.GET.get("cards") == "blank":
        return _blank_cards(request, session)
    page = open_page(session, view=_chosen_view(request))
    if request.method == "GET":
        page.bind(added=request.GET.getlist("test"))
        return _chart(request, page)
    form = page.bind(request.POST)
    if not form.is_valid():
        return _refused(request, page)
    try:
        saved = save_chart(session, version=form.version, by=request.user, at=clock.now(), **_typed(request, page))
    except tuple(CONFLICTS) as refusal:
        return _conflict(request, page, refusal)
    except Refused as refusal:
        form.add_error(str(refusal))
        return _refused(request, page)
    return _saved(request, page, saved)


def _chosen_view(request) -> str:
    """Return how the muscles are laid out: as the address says, else as this person last chose in this browser."""
    wanted = (request.GET.get("view"), request.COOKIES.get(f"chart_view_{request.user.pk}"))
    return next((view for view in wanted if view in VIEWS), "map")


def _blank_cards(request, session):
    """Answer with an empty card for each muscle that is not on the chart, for the body map to open. Nothing is stored."""
    page = open_page(session, view="grid")  # the table has every muscle
    page.bind()
    stored = {finding.spot for finding in page.findings}
    cards = [card for card in page.cards() if card.form.spot not in stored]
    return render(request, "sessions/_blank_cards.html", {"cards": cards})


def _typed(request, page) -> dict:
    """Return the chart as typed, with what the pressed button adds to it."""
    chart = page.form.chart()
    chart["findings"] = without_untouched(chart["findings"], page.findings)
    act, _, where = request.POST.get("act", "").partition(":")
    if act == "planned":
        chart["findings"] = fill_as_planned(chart["findings"], page.by_spot, where)
    if act == "draft":
        chart = with_drafts(chart, page.techniques, drafted=page.session.drafted, copied=page.marks(chart))
    if act == "sign":  # what is signed must not say one thing in the table and another in words
        chart = with_drafts_of_now(chart, page.techniques, drafted=page.session.drafted, copied=page.marks(chart))
    if act == "copy" and page.can_carry:
        carried = page.carried(chart)
        chart |= {**carried.words, "findings": carried.findings, "copied": carried.marks, "source": page.last}
    if act == "confirm":
        chart["confirmed"] = {*chart["confirmed"], *page.marks_at(where)}
    if act == "remove":
        chart["findings"] = [finding for finding in chart["findings"] if finding.spot != where]
    if act == "add" and where not in {finding.spot for finding in chart["findings"]} and _is_spot(where):
        side, muscle = parse_spot(where)
        chart["findings"].append(FindingEntry(muscle, side))
    return chart


def _is_spot(where) -> bool:
    try:
        parse_spot(where)
    except ValueError:
        return False
    return True


def _is_autosave(request) -> bool:
    return request.headers.get("X-Autosave") == "1"


def _saved(request, page, session):
    if _is_autosave(request):
        return JsonResponse({"state": "saved", "version": session.version})
    act, _, where = request.POST.get("act", "").partition(":")
    if act == "sign":
        return redirect("sessions:session_sign", session.pk)
    anchors = {
        "add": f"#{prefix_of(where)}",
        "planned": "#muscles" if where == "all" else f"#{prefix_of(where)}",
        "copy": "#muscles",
        "confirm": _place_of(page, where) if ":" in where else "#words",
        "draft": "#words",
        "remove": "#muscles",
        "test": "#tests",
        "view": "#muscles",
    }
    if act == "" or where == "all":
        messages.success(request, "The draft is saved.")
    return redirect(
        reverse("sessions:session_chart", args=[session.pk]) + _rows_kept(request, page) + anchors.get(act, "")
    )


def _place_of(page, spot) -> str:
    """Return the anchor of a muscle: its card, or in the table its minutes."""
    return f"#div_id_{prefix_of(spot)}-minutes" if page.view == "grid" else f"#{prefix_of(spot)}"


def _rows_kept(request, page) -> str:
    """Return the query that keeps rows of tests on the page while nothing is entered in them yet, and the layout."""
    act, _, added = request.POST.get("act", "").partition(":")
    rows = [*request.POST.getlist("test"), *([added] if act == "test" else [])]
    there = {*page.planned_tests(), *(form.row for form in page.form.tests if form.entries())}
    kept = [row for row in dict.fromkeys(rows) if is_row(row) and row not in there]
    view = added if act == "view" else request.GET.get("view")
    query = ({"view": view} if view in VIEWS else {}) | ({"test": kept} if kept else {})
    return f"?{urlencode(query, doseq=True)}" if query else ""


def _refused(request, page):
    if _is_autosave(request):
        return JsonResponse({"state": "refused", "errors": page.form.all_errors}, status=422)
    return _chart(request, page, status=422)


def _conflict(request, page, refusal):
    """Show what is stored beside what was typed; saving once more is then a decision."""
    state = CONFLICTS[type(refusal)]
    stored = TreatmentSession.objects.select_related("appointment").get(pk=page.session.pk)
    found = differences(stored, page.form.chart(), page.techniques)
    if _is_autosave(request):
        return JsonResponse({"state": state, "words": str(refusal), "is_same": not found}, status=409)
    conflict = {
        "words": str(refusal),
        "state": state,
        "version": stored.version,
        "differences": found,
        "typed": "\n".join(f"{each['label']}: {each['typed']}" for each in found if each["typed"] != BLANK),
    }
    return _chart(request, page, conflict=conflict, status=409)


def _chart(request, page, *, conflict=None, status=200):
    context = {
        "page": page,
        "session": page.session,
        "form": page.form,
        "texts": page.texts(snippets_by_section(request.user)),
        "drawings": course_of(page.session.client),
        "conflict": conflict,
        "keys": keys_of(request.user),
    }
    context |= _muscles(page)
    return render(request, "sessions/session_chart.html", context, status=status)


def _muscles(page) -> dict:
    """Return the muscles of the chart as the chosen layout needs them; the table stands instead of the cards."""
    forms = page.form.findings
    if page.view == "grid":
        return {"views": VIEWS, "grid": grid_rows(forms, page.by_spot, page.techniques)}
    marks = muscle_marks(forms, page.by_spot) if page.view == "map" else []
    return {"views": VIEWS, "cards": page.cards(), "marks": marks, "places": places_by_group(marks)}


# --- signing and after


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def session_sign(request, pk):
    session = _readable(request, pk, "session_sign")
    is_open = not session.is_closed and session.therapist_id == request.user.pk
    if request.method == "GET" and not is_open:
        return redirect(session)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            signed = sign_session(
                session,
                version=_version(request),
                is_copy_confirmed=request.POST.get("same_today") == "yes",
                by=request.user,
                at=clock.now(),
            )
        except (NotYourChart, SessionAlreadySigned, SessionEnteredInError) as refused:
            messages.warning(request, str(refused))
            return redirect(session)
        except Refused as refused:
            refusal, status = str(refused), 409
        else:
            messages.success(request, "Signed. From now on this chart stays as it is.")
            return redirect(signed)
        session.refresh_from_db()  # what is shown is what stands now, whoever wrote it a moment ago
    context = {
        "session": session,
        "missing": missing_for_signature(session),
        "is_copy": is_copy(session),
        "refusal": refusal,
        "note": note_of(session),
        "is_late": is_late_by(session, clock.now()),
    }
    return render(request, "sessions/session_sign.html", context, status=status)


def _version(request) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@role_required("therapist", "owner")
@require_GET
def session_detail(request, pk):
    session = _readable(request, pk, "session_detail")
    amendments = session.amendments.order_by("chain_position")
    in_error = Amendment.Kind.ENTERED_IN_ERROR
    events = session.adverse_events.latest_words().newest_first()
    context = {
        "session": session,
        "note": note_of(session),
        "amendments": [amendment for amendment in amendments if amendment.kind != in_error],
        "withdrawal": next((amendment for amendment in amendments if amendment.kind == in_error), None),
        "adverse_events": events.select_related("by", "used_technique", "session"),
        "check_ins": session.check_ins.filter(Q(due_at__lte=clock.now()) | Q(answered_at__isnull=False))
        .select_related("pain_drawing")
        .order_by("step"),
        "is_author": session.therapist_id == request.user.pk,
        "keys": keys_of(request.user),
        "may_withdraw": request.user.is_therapist
        and not session.is_in_error
        and (session.therapist_id == request.user.pk or not session.therapist.is_active),
    }
    return render(request, "sessions/session_detail.html", context)


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def session_amend(request, pk):
    session = _readable(request, pk, "session_amend")
    form = AmendmentForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            amend_session(session, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The amendment is added.")
            return redirect(session)
    context = {"session": session, "form": form, "note": note_of(session)}
    return render(request, "sessions/session_amend.html", context, status=422 if form.errors else 200)


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def session_withdraw(request, pk):
    session = _readable(request, pk, "session_withdraw")
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            withdraw_session(session, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Marked as entered in error. It is kept, and part of nothing.")
            return redirect(session)
    context = {"session": session, "form": form, "note": note_of(session)}
    return render(request, "sessions/session_withdraw.html", context, status=422 if form.errors else 200)
