"""Finding the client a page is about: by number in the address, or by a few letters."""

from urllib.parse import urlencode

from django.db import models
from django.http import Http404

from clients.gate import gates_for
from clients.models import Client, sees_every_client
from practice import clock
from practice.forms import row_id
from practice.models import Service, User
from practice.prepared import prepared

MOST_RESULTS = 8
LONGEST_SEARCH = 100


def visible_client(user, text: str | None) -> Client | None:
    """Return the client of that number if `user` may see them, None if nothing was given, 404 for anybody else."""
    if not text:
        return None
    pk = row_id(text) or 0
    clients = _every_client(pk) if sees_every_client(user) else Client.objects.visible_to(user).filter(pk=pk)
    for client in clients:
        return client
    raise Http404


@prepared(models.BigAutoField())
def _every_client(pk):
    return Client.objects.filter(pk=pk)


def client_results(request, *keeping: str) -> dict:
    """Return what the search for a client shows: those whose name, phone, e-mail or birth date holds what was typed.

    Each comes with their gate; `may_create` says whether this person takes in new clients. The parameters of the address
    named in `keeping` are carried on to the next page.
    """
    kept = {name: request.GET[name] for name in keeping if name in request.GET}
    kept_query = urlencode(kept)
    query = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    clients = Client.objects.visible_to(request.user).matching(query).best_first(query)
    found = list(clients[: MOST_RESULTS + 1]) if query else []
    gates = gates_for([client.pk for client in found[:MOST_RESULTS]])
    return {
        "here": request.path,
        "kept": kept,
        "kept_query": kept_query,
        "onward": f"{request.path}?{kept_query}" if kept else request.path,
        "today": clock.today(),
        "may_create": request.user.is_front_desk or request.user.is_owner,
        "query": query,
        "results": [{"client": client, "gate": gates[client.pk]} for client in found[:MOST_RESULTS]],
        "has_more": len(found) > MOST_RESULTS,
    }


def has_open_intake(client: Client) -> bool:
    """Say whether the client still owes us an intake."""
    return client.intakes.open().exists()


def usual_service(client: Client, therapist: User | None) -> Service | None:
    """Return what the client had last, if it is still on offer, else a first visit for a new client; None for nothing."""
    services = Service.objects.active()
    if therapist is not None:
        services = services.filter(therapists=therapist)
    last = client.appointments.live().order_by("-starts_at", "-pk").values_list("service_id", flat=True).first()
    again = services.filter(pk=last or 0).first() or services.filter(is_first_visit=last is None).order_by("pk").first()
    return again or services.order_by("pk").first()
