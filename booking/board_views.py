"""The board's pages: a day by therapist or by room, the week of one therapist, and what is done without leaving them."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from booking.appointments import move_appointment
from booking.board import Board, board_stamp, load_board
from booking.choosing import client_results, has_open_intake, usual_service, visible_client
from booking.forms import DropForm, UndoForm
from booking.models import Appointment
from booking.offering import open_offers
from booking.refusals import Warned
from booking.slots import free_slots
from booking.undo import last_act, undo_last_act
from booking.week import load_week, monday_of
from booking.wording import read_back, what_happens_next
from clients.gate import gate_for, stopped_clients
from clients.models import Client
from practice import clock
from practice.access import staff_only
from practice.errors import Refused
from practice.forms import row_id
from practice.models import User

BY_ROOM = "room"
FAR, NEAR = 2200, 2000


@dataclass(frozen=True)
class Look:
    """What is looked at: a day by therapist or room, or the week of a therapist; and the client about to be booked."""

    day: date
    by_room: bool = False
    week: User | None = None
    client: Client | None = None

    @property
    def query(self) -> str:
        """Its address, without the path."""
        asked = {"day": self.day.isoformat()}
        if self.week is not None:
            asked["week"] = self.week.pk
        elif self.by_room:
            asked["by"] = BY_ROOM
        if self.client is not None:
            asked["client"] = self.client.pk
        return urlencode(asked)

    @property
    def step(self) -> timedelta:
        """How far the next one lies."""
        return timedelta(days=1 if self.week is None else 7)

    def links(self, today: date) -> dict:
        """Return the addresses that lead from here to its neighbours."""
        return {
            "before": replace(self, day=self.day - self.step).query,
            "after": replace(self, day=self.day + self.step).query,
            "today": replace(self, day=today).query,
            "by_therapist": replace(self, by_room=False, week=None).query,
            "by_room": replace(self, by_room=True, week=None).query,
            "without_client": replace(self, client=None).query,
        }


@staff_only
@require_safe
@vary_on_headers("HX-Request")
def day_board(request):
    look, now = _look(request, request.GET), clock.now()
    if request.htmx and request.GET.get("seen") == board_stamp(look.day, now):
        return HttpResponse(status=204)
    if request.htmx and request.htmx.target == "board":
        return _board_fragment(request, look, now)
    said = _said(request)
    context = _board_context(request, look, now, said["said"])
    if context["act"] and context["act"].appointment != said["said"]:
        said["said_next"] = ""  # an address opened again: something else was done since
    context |= _waitlist_context(request, context["board"], now)
    return render(request, "booking/day_board.html", context | said)


def _waitlist_context(request, board: Board, now: datetime) -> dict:
    """Return what the waitlist at the side shows beside those who wait: times held, and who is not to be offered one."""
    return {
        "offers": open_offers(request.user, now),
        "stopped": stopped_clients(entry.client_id for entry in board.waiting),
    }


def _look(request, asked: QueryDict) -> Look:
    """Read from an address what to look at; who does not see the whole book sees no rooms and no strangers' weeks."""
    sees_all = request.user.is_front_desk or request.user.is_owner
    week = None
    if asked.get("week"):
        therapists = User.objects.therapists()
        if not sees_all:
            therapists = therapists.filter(pk__in=request.user.therapist_ids())
        week = therapists.filter(pk=row_id(asked["week"]) or 0).first()
        if week is None:
            raise Http404
    return Look(
        day=_day(asked.get("day", "")),
        by_room=sees_all and week is None and asked.get("by") == BY_ROOM,
        week=week,
        client=visible_client(request.user, asked.get("client")),
    )


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if text else clock.today()
    except ValueError as error:
        raise Http404 from error
    if not NEAR <= day.year <= FAR:
        raise Http404
    return day


def _board_context(request, look: Look, now: datetime, said=None) -> dict:
    picked = _picked(request, look, now) if look.client else None
    asked = {"practice": request.practice, "day": look.day, "user": request.user, "now": now}
    asked["fits"] = picked["fits"] if picked else frozenset()
    if look.week is not None:
        board = load_week(**asked, therapist=look.week)
    else:
        board = load_board(**asked, by_room=look.by_room)
    return {
        "board": board,
        "look": look,
        "day": look.day,
        "today": clock.today(),
        "links": look.links(clock.today()),
        "monday": monday_of(look.day),
        "picked": picked,
        "act": last_act(request.user, now),
        "zone": request.practice.time_zone,
        "step": request.practice.slot_minutes,
        "sees_all": request.user.is_front_desk or request.user.is_owner,
        "said": said,
        "said_words": "",
        "said_next": "",
    }


def _board_fragment(request, look: Look, now: datetime, said=None):
    """The board, and with it the waitlist at the side: whatever changes one may change the other."""
    context = _board_context(request, look, now, said)
    context |= _waitlist_context(request, context["board"], now)
    return render(request, "booking/_board_anew.html", context)


def _picked(request, look: Look, now: datetime) -> dict:
    """Return what the board says about the client to be booked: the likely service, and the starts that are free for it."""
    service = usual_service(look.client, look.week)
    fits = frozenset()
    if service is not None:
        asked = {"practice": request.practice, "service": service, "now": now, "notice_minutes": 0}
        first, days = (look.day, 1) if look.week is None else (monday_of(look.day), 7)
        slots = free_slots(**asked, first_day=first, days=days, client=look.client)
        fits = frozenset((slot.starts_at, None if look.by_room else slot.therapist_id) for slot in slots)
    return {"client": look.client, "service": service, "gate": gate_for(look.client), "fits": fits}


def _said(request) -> dict:
    """Return what the desk reads back to the caller after a booking or a move."""
    pk = row_id(request.GET.get("said"))
    said = Appointment.objects.visible_to(request.user).live().filter(pk=pk).first() if pk else None
    if said is None:
        return {"said": None, "said_words": "", "said_next": ""}
    next_words = what_happens_next(said.client, has_open_intake=has_open_intake(said.client))
    return {"said": said, "said_words": read_back(said), "said_next": next_words}


def board_url(appointment: Appointment, **more) -> str:
    """Return the board's address on which the visit stands; with `said`, the line to read back stands on it too."""
    day = timezone.localdate(appointment.starts_at)
    query = urlencode({"day": day.isoformat(), **more})
    # No fragment when there are words to read back: jumping to the visit would push them off the screen.
    return f"{reverse('booking:day_board')}?{query}" + ("" if "said" in more else f"#visit-{appointment.pk}")


# --- finding a client without leaving the board


@staff_only
@require_safe
def board_find(request):
    """The clients that match, with when they come next. What was picked leads back to the board, ready to be booked."""
    context = client_results(request, "day", "by", "week")
    clients = [row["client"].pk for row in context["results"]]
    upcoming = Appointment.objects.upcoming(clock.now()).filter(client=OuterRef("client")).order_by("starts_at", "pk")
    following = Appointment.objects.filter(client__in=clients, pk=Subquery(upcoming.values("pk")[:1]))
    by_client = {visit.client_id: visit for visit in following.select_related("therapist")}
    for row in context["results"]:
        row["next"] = by_client.get(row["client"].pk)
    board = reverse("booking:day_board")
    onward = f"{board}?{context['kept_query']}" if context["kept"] else board
    return render(request, "booking/_found.html", context | {"here": board, "onward": onward})


# --- moving on the board, and taking back


@staff_only
@require_POST
def appointment_drop(request, pk):
    """A visit was dropped somewhere else, or its edge was drawn. Answers with the board, or with why not."""
    appointment, look = _visible(request, pk), look_sent(request)
    form = DropForm(request.POST)
    if not form.is_valid():
        words = " ".join(message for messages in form.errors.values() for message in messages)
        return refuse_on_board(request, appointment, words, status=422)
    try:
        moved = move_appointment(appointment, by=request.user, at=clock.now(), **form.move)
    except Warned as warned:
        return refuse_on_board(request, appointment, "", warnings=warned.warnings)
    except Refused as refusal:
        return refuse_on_board(request, appointment, str(refusal))
    return answer_on_board(request, moved, look) if request.htmx else redirect(board_url(moved, said=moved.pk))


def look_sent(request) -> Look:
    """Read what was looked at when a form of the board was sent; 404 for what this person may not see.

    Read it before anything is done, or a forged one would be refused with the act done already.
    """
    return _look(request, QueryDict(request.POST.get("view", "")[:300]))


def answer_on_board(request, appointment: Appointment, look: Look):
    """Return the board as it was looked at, after something was done with a visit on it."""
    return _board_fragment(request, look, clock.now(), said=appointment)


def refuse_on_board(request, appointment: Appointment, words: str, *, warnings=None, status=409):
    """Say why not: in a dialog over the board, or on a page for whoever has no scripts."""
    context = {
        "appointment": appointment,
        "words": words,
        "warnings": warnings or {},
        "overrule": ",".join(sorted(warnings or {})),
        "sent": {name: request.POST.get(name, "") for name in ("starts", "length", "therapist", "room", "version")},
        "view": request.POST.get("view", ""),
        "key": request.POST.get("key", ""),
    }
    page = "booking/_drop_refused.html" if request.htmx else "booking/drop_refused.html"
    return render(request, page, context, status=status)


@staff_only
@require_POST
def appointment_undo(request, pk):
    appointment, look = _visible(request, pk), look_sent(request)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return refuse_on_board(request, appointment, "This page is out of date. Look at the visit again.", status=422)
    try:
        undone = undo_last_act(appointment, by=request.user, at=clock.now(), **form.cleaned_data)
    except Refused as refusal:
        return refuse_on_board(request, appointment, str(refusal))
    return answer_on_board(request, undone, look) if request.htmx else redirect(board_url(undone))


def _visible(request, pk) -> Appointment:
    appointments = Appointment.objects.visible_to(request.user)
    return get_object_or_404(appointments.select_related("client", "therapist", "service", "room"), pk=pk)
