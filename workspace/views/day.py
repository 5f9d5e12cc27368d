"""Today, and one client's page."""

from zoneinfo import ZoneInfo

from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from clients.consents import holding_consents
from clients.drawings import course_of
from clients.gate import gate_for
from clients.models import Client, Task
from clients.overruling import standing_overruling
from clients.screenings import current_screening
from practice import audit, clock
from practice.access import role_required, staff_only
from reminders.models import MailChoice
from reminders.rules import choices_of
from reminders.stop_forms import MailChoicesForm
from sessions.measures import measures_of
from workspace.intake_desk import LOOKS_AHEAD, awaited_intakes
from workspace.timeline import timeline_of
from workspace.today import day_of

STORY = 50  # events of a client's story on the page; the rest is one tap away
LAST_MAILS = 5
DRAWN = 4  # courses with a drawing on the client's page; all of them stand on the page of measures


@role_required("therapist")
@require_safe
def today(request):
    now, zone = clock.now(), ZoneInfo(request.practice.time_zone)
    day = day_of(request.user, day=clock.today(), now=now, zone=zone)
    read = [card.appointment.client for card in day.cards]
    audit.record_readings(clients=read, page="workspace:today", at=now, by=request.user)
    return render(request, "workspace/today.html", {"day": day, "today": clock.today(), "now": now})


@role_required("front_desk", "owner")
@require_safe
def intake_desk(request):
    rows = awaited_intakes(now=clock.now())
    return render(request, "workspace/intake_desk.html", {"rows": rows, "days": LOOKS_AHEAD.days})


@staff_only
@require_safe
def client_page(request, client_id):
    of_chart = Client.objects.charts_visible_to(request.user).filter(pk=client_id).first()
    reads_chart = of_chart is not None  # to a therapist no others are visible
    client = of_chart or get_object_or_404(Client.objects.visible_to(request.user), pk=client_id)
    now = clock.now()
    context = {
        "client": client,
        "gate": gate_for(client),
        "reads_chart": reads_chart,
        "age": client.age_on(clock.today()),
        "next_visits": client.appointments.live()
        .filter(ends_at__gt=now)
        .select_related("therapist", "service", "room")
        .order_by("starts_at", "pk")[:5],
        "intake": client.intakes.open().first(),
        "tasks": Task.objects.visible_to(request.user).open().filter(client=client).order_by("due_at", "pk"),
        "mails": _mails(client),
        "referrals": client.referrals.select_related("referrer").order_by("-received_on", "-pk"),
    }
    events = timeline_of(client, is_clinical=reads_chart)
    shown = events if request.GET.get("story") == "all" else events[:STORY]
    context |= {"events": shown, "older": len(events) - len(shown)}
    if reads_chart:
        audit.record_reading(client=client, page="workspace:client_page", at=now, by=request.user)
        context |= _chart(client, now)
    return render(request, "workspace/client_page.html", context)


def _mails(client) -> dict:
    """Return which mails the client wants, as a form, and what went to them or about them lately."""
    wanted = choices_of(client)
    form = MailChoicesForm(None, choices=wanted)
    form.fields["wanted"].label = f"{client.first_name} gets"
    return {
        "form": form,
        "unwanted": [topic.label for topic in MailChoice.Topic if not wanted[topic]],
        "last": client.messages.with_addressee().order_by("-due_at", "-pk")[:LAST_MAILS],
    }


def _chart(client, now):
    measures = measures_of(client, now=now)
    screening = current_screening(client)
    return {
        "screening": screening,
        "overruling": standing_overruling(screening) if screening else None,
        "plan": measures.plan,
        "consents": holding_consents(client).values(),
        "measures": measures,
        "drawings": course_of(client),
        "drawn": [course for course in measures.courses if len(course.scores) > 1][:DRAWN],
        "last_session": client.treatment_sessions.standing().select_related("appointment").newest_first().first(),
    }
