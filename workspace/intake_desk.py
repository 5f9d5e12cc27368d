"""Who is coming without an intake, what became of the mail, and what the desk can do about it. A fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from booking.models import Appointment
from clients.gate import INTAKE_MISSING, Gate, gates_for
from clients.models import Intake
from clients.rescreen import start_of_day
from reminders.models import Message

LOOKS_AHEAD = timedelta(days=14)
EXPECTED = (Appointment.Status.BOOKED, Appointment.Status.CONFIRMED, Appointment.Status.ARRIVED)


@dataclass(frozen=True, slots=True)
class Awaited:
    """The next visit of somebody whose safety questions are not all answered. `intake` is the open one, or None."""

    appointment: Appointment
    gate: Gate
    intake: Intake | None
    mail: Message | None
    was_handed_in: bool

    @property
    def state(self) -> str:
        """How far the intake has come, in the words of the badges."""
        if self.intake is None:
            return "therapist_asks" if self.was_handed_in else "not_asked"
        if self.intake.started_at:
            return "intake_started"
        if not self.appointment.client.can_be_mailed:
            return "to_call"
        return self.mail.badge if self.mail else "waiting"


def awaited_intakes(*, now: datetime) -> list[Awaited]:
    """Return who comes from today to a fortnight ahead without a complete intake: each once, soonest visit first."""
    start = start_of_day(now)
    visits = (
        Appointment.objects.uncharted()
        .filter(status__in=EXPECTED)
        .filter(starts_at__gte=start, starts_at__lt=now + LOOKS_AHEAD)
        .select_related("client", "therapist", "service")
        .order_by("starts_at", "pk")
    )
    first = {}
    for visit in visits:
        first.setdefault(visit.client_id, visit)
    gates = gates_for(first)
    missing = {pk: visit for pk, visit in first.items() if gates[pk].state == INTAKE_MISSING}
    handed_in = set(
        Intake.objects.filter(client__in=missing, submitted_at__isnull=False).values_list("client_id", flat=True)
    )
    intakes = {row.client_id: row for row in Intake.objects.open().filter(client__in=missing)}
    mails = Message.objects.filter(kind=Message.Kind.INTAKE_LINK, intake__in=[row.pk for row in intakes.values()])
    newest = {mail.client_id: mail for mail in mails.order_by("version", "pk")}
    return [
        Awaited(visit, gates[pk], intakes.get(pk), newest.get(pk), was_handed_in=pk in handed_in)
        for pk, visit in missing.items()
    ]
