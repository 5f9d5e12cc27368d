"""A therapist's own phrases: the list, keeping one, putting one away and taking it out again."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from practice import clock
from practice.access import role_required
from practice.forms import posted
from sessions.forms import SnippetForm
from sessions.models import Snippet
from sessions.snippets import keep_snippet, remove_snippet, restore_snippet


@role_required("therapist")
@require_http_methods(["GET", "POST"])
def snippet_list(request):
    form = SnippetForm(posted(request))
    if form.is_valid():
        keep_snippet(by=request.user, **form.cleaned_data)
        messages.success(request, "The phrase is kept.")
        return redirect("sessions:snippet_list")
    snippets = Snippet.objects.visible_to(request.user).order_by("pk")
    context = {
        "form": form,
        "sections": [
            (label, [each for each in snippets if each.section == section and each.removed_at is None])
            for section, label in Snippet.Section.choices
        ],
        "removed": [each for each in snippets if each.removed_at is not None],
    }
    return render(request, "sessions/snippet_list.html", context, status=422 if form.errors else 200)


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
    return redirect("sessions:snippet_list")
