"""The re-screen before a visit: every safety question asked again, answered by one press when nothing is new."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from clients.gate import GO, gate_for, unsettled_alerts
from clients.questions import QuestionForm
from clients.rescreen import EVERY_VISIT, known_keys, record_all_no
from clients.screenings import ScreeningChangedMeanwhile, current_screening
from clients.todo import newest_alert
from clients.views.back import way_back
from clients.views.screening import open_chart, seen_by, show_clarify, stands_on
from practice import clock
from practice.access import role_required

OVERTAKEN = (
    "Somebody added a newer version of this screening meanwhile, or the client has sent an answer. Look at what stands now, "
    "then ask again."
)


@role_required("therapist")
@require_http_methods(["GET", "HEAD", "POST"])
def rescreen(request, client_id):
    client = open_chart(request, client_id, "clients:rescreen")
    screening = current_screening(client)
    if screening is None:
        return redirect("clients:screening_clarify", client.pk)
    form = QuestionForm(request.POST if request.method == "POST" else None, keys=EVERY_VISIT, answers={})
    refusal = ""
    if form.is_valid():
        marked = {key: answer for key, answer in form.read_answers().items() if answer is not None}
        is_new = any(answer is not False or key in known_keys(screening) for key, answer in marked.items())
        if is_new or request.POST.get("act") != "all_no":
            return show_clarify(request, client, screening, marked=marked)
        try:
            return _asked(request, record_all_no(screening, by=request.user, at=clock.now(), seen=seen_by(request)))
        except ScreeningChangedMeanwhile:
            refusal = OVERTAKEN
            screening = current_screening(client)
    known = known_keys(screening)
    context = {
        "client": client,
        "screening": screening,
        **stands_on(client),
        "alert": newest_alert(client) if unsettled_alerts([client.pk]) else None,
        "form": form,
        "refusal": refusal,
        "known": [QuestionForm(keys=[key], answers=screening.answers).question(key) for key in known],
        "questions": [form.question(key) for key in EVERY_VISIT if key not in known],
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "clients/rescreen.html", context, status=422 if form.errors or refusal else 200)


def _asked(request, screening):
    """Go back to where the visit starts, or to the screening if it or an open alert does not allow that."""
    if (gate := gate_for(screening.client)).state != GO:
        result = screening.get_triage_display().lower()
        what = "An alert is still open" if gate.overtakes_screening else f"The screening says: {result}"
        messages.warning(request, f"All asked. {what}.")
        return redirect("clients:screening_page", screening.client_id)
    messages.success(request, "All asked, nothing new. The visit may start.")
    return way_back(request, reverse("clients:screening_page", args=[screening.client_id]))
