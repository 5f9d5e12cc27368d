"""Pages that read charts back: one muscle across visits, all muscles of a client, the note on paper and as PDF."""

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from anatomy.body import MUSCLES, SIDES
from clients.models import Client
from practice import audit, clock
from practice.access import role_required
from sessions.history import copied_of, muscle_findings, techniques_in_words, treated_muscles, trend_rows, trends_of
from sessions.models import TreatmentSession
from sessions.paper import paper_of
from sessions.pdf import note_pdf

PER_PAGE = 25


def _client(request, client_id, page):
    """Return the client if this person may read the chart, and write down that they do."""
    client = get_object_or_404(Client.objects.charts_visible_to(request.user), pk=client_id)
    audit.record_reading(client=client, page=f"sessions:{page}", at=clock.now(), by=request.user)
    return client


@role_required("therapist", "owner")
@require_GET
def muscles_treated(request, client_id):
    client = _client(request, client_id, "muscles_treated")
    treated = treated_muscles(client)
    context = {"client": client, "treated": treated, "marks": [each.mark for each in treated if each.muscle in MUSCLES]}
    return render(request, "sessions/muscles_treated.html", context)


@role_required("therapist", "owner")
@require_GET
def muscle_history(request, client_id, muscle):
    client = _client(request, client_id, "muscle_history")
    side = request.GET.get("side", "")
    side = side if side in set(SIDES) else ""
    page = Paginator(muscle_findings(client, muscle, side), PER_PAGE).get_page(request.GET.get("page"))
    if muscle not in MUSCLES and not page.object_list:
        raise Http404
    context = {
        "client": client,
        "muscle": MUSCLES.get(muscle),
        "name": MUSCLES[muscle].name if muscle in MUSCLES else muscle.replace("_", " "),
        "side": side,
        "sides": [("", "Both sides"), *((each.value, each.label) for each in SIDES)],
        "page": page,
        "rows": [(finding, techniques_in_words(finding), copied_of(finding)) for finding in page],
        "trends": trends_of(trend_rows(client, muscle, side)),
        "query": f"side={side}&" if side else "",
    }
    return render(request, "sessions/muscle_history.html", context)


# --- on paper


def _session(request, pk):
    sessions = TreatmentSession.objects.visible_to(request.user).select_related(
        "client", "therapist", "appointment__service", "appointment__room", "plan__protocol", "screening", "signed_by"
    )
    return get_object_or_404(sessions, pk=pk)


def _paper(request, session):
    return paper_of(session, practice=request.practice, by=request.user, at=clock.now())


@role_required("therapist", "owner")
@require_GET
def session_print(request, pk):
    session = _session(request, pk)
    audit.record_reading(client=session.client, page="sessions:session_print", at=clock.now(), by=request.user)
    context = {"session": session, "paper": _paper(request, session)}
    return render(request, "sessions/session_print.html", context)


@role_required("therapist", "owner")
@require_GET
def session_pdf(request, pk):
    session = _session(request, pk)
    audit.record_reading(client=session.client, page="sessions:session_pdf", at=clock.now(), by=request.user)
    audit.record(action="session.exported", at=clock.now(), by=request.user, target=session, format="pdf")
    pdf = note_pdf(_paper(request, session))
    how = "inline" if request.GET.get("show") else "attachment"
    name = f"session-{session.pk}.pdf"
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": f'{how}; filename="{name}"'}
    )
