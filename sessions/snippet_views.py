"""A therapist's own phrases: the list, keeping one, putting one away and taking it out again."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from practice import clock
from practice.access import role_required
from practice.forms import posted, row_id
from sessions.forms import SnippetForm
from sessions.models import Snippet, TreatmentSession
from sessions.snippets import keep_snippet, remove_snippet, restore_snippet


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def snippet_list(request):
    form, chart = SnippetForm(posted(request)), _chart_in_address(request)
    if form.is_valid():
        keep_snippet(by=request.user, **form.cleaned_data)
        messages.success(request, "The phrase is kept.")
        return redirect(_list_of(chart))
    snippets = Snippet.objects.visible_to(request.user).order_by("pk")
    context = {
        "form": form,
        "chart": chart,
        "sections": [
            (label, kept)
            for section, label in Snippet.Section.choices
            if (kept := [each for each in snippets if each.section == section and each.removed_at is None])
        ],
        "removed": [each for each in snippets if each.removed_at is not None],
    }
    return render(request, "sessions/snippet_list.html", context, status=422 if form.errors else 200)


def _chart_in_address(request):
    """Return the chart of their own that the page was opened from, to lead back to, or None."""
    own = TreatmentSession.objects.visible_to(request.user).filter(therapist=request.user)
    return own.filter(pk=row_id(request.GET.get("session"))).first()


def _list_of(chart) -> str:
    url = reverse("sessions:snippet_list")
    return f"{url}?{urlencode({'session': chart.pk})}" if chart else url


@role_required("therapist")
@require_POST
def snippet_change(request, pk):
    snippet = get_object_or_404(Snippet.objects.visible_to(request.user), pk=pk)
    if request.POST.get("act") == "restore":
        restore_snippet(snippet)
        messages.success(request, "The phrase is back.")
    else:
        remove_snippet(snippet, at=clock.now())
        messages.success(request, "The phrase is put away. You can take it out again below.")
    return redirect(_list_of(_chart_in_address(request)))
