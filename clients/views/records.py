"""Finding, creating and changing clients."""

from uuid import uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from clients.forms import ClientForm
from clients.gate import gates_for
from clients.models import Client
from clients.records import create_client, fingerprint, update_client
from practice import clock
from practice.access import role_required, staff_only
from practice.errors import Refused

PER_PAGE = 25
LONGEST_SEARCH = 100


@staff_only
@require_safe
@vary_on_headers("HX-Request")
def client_list(request):
    query = request.GET.get("q", "")[:LONGEST_SEARCH]
    clients = Client.objects.visible_to(request.user).matching(query).best_first(query)
    page = Paginator(clients, PER_PAGE).get_page(request.GET.get("page"))
    gates = gates_for([client.pk for client in page])
    rows = [{"client": client, "gate": gates[client.pk]} for client in page]
    context = {"rows": rows, "page": page, "query": query, "today": clock.today()}
    is_fragment = request.htmx and request.htmx.target == "client-rows"
    return render(request, "clients/_client_rows.html" if is_fragment else "clients/client_list.html", context)


@role_required("front_desk", "owner")
@require_http_methods(["GET", "HEAD", "POST"])
def client_create(request):
    form = ClientForm(request.POST if request.method == "POST" else None, today=clock.today(), initial=_guess(request))
    duplicates = []
    if form.is_valid():
        duplicates = form.unseen_duplicates(is_confirmed="is_another_person" in request.POST)
        if not duplicates:
            try:
                client = create_client(by=request.user, at=clock.now(), key=form.cleaned_data["key"], **form.details)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, f"{client.name} is on file.")
                return redirect(_onward(request, client))
    context = {"form": form, "duplicates": duplicates, "shown": ",".join(str(each.client.pk) for each in duplicates)}
    return render(request, "clients/client_create.html", context, status=422 if form.errors else 200)


def _onward(request, client):
    """Return where the desk came from, now with the client (`?onward=/booking/…`), or the client's own page."""
    onward = request.GET.get("onward", "")
    if not onward.startswith("/") or not url_has_allowed_host_and_scheme(onward, allowed_hosts=None):
        return client
    return f"{onward}{'&' if '?' in onward else '?'}client={client.pk}"


def _guess(request):
    """Start the form with what was searched for in vain: digits are a phone number, words a name."""
    words = request.GET.get("q", "")[:LONGEST_SEARCH].split()
    if words and any(letter.isdigit() for letter in "".join(words)):
        return {"key": uuid4(), "phone": " ".join(words)}
    return {"key": uuid4(), "first_name": " ".join(words[:1]).title(), "last_name": " ".join(words[1:]).title()}


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def client_edit(request, client_id):
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=client_id)
    form = ClientForm(
        request.POST if request.method == "POST" else None,
        today=clock.today(),
        instance=client,
        initial={"seen": fingerprint(client)},
    )
    if form.is_valid():
        try:
            seen = form.cleaned_data["seen"]
            changed = update_client(client, by=request.user, at=clock.now(), seen=seen, **form.details)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect(changed)
    standing = Client.objects.get(pk=client_id)
    context = {"form": form, "client": standing, "differences": _differences(form, standing)}
    return render(request, "clients/client_edit.html", context, status=422 if form.errors else 200)


def _differences(form, standing):
    """List what is stored now where it differs from what was typed, and let the next press of Save count as informed."""
    if not form.non_field_errors():
        return []
    form.data = form.data.copy()
    form.data["seen"] = fingerprint(standing)
    return [
        {"label": form.fields[name].label, "stored": getattr(standing, name) or "empty"}
        for name, typed in form.details.items()
        if typed != getattr(standing, name)
    ]
