"""What the desk says aloud at the end of a booking."""

from booking.models import Appointment
from clients.models import Client
from practice.templatetags.ui import local_dt


def masked(email: str) -> str:
    """Return an address as it may be said at the desk: "ada@mail.example" -> "a•••@mail.example"."""
    name, _, host = email.partition("@")
    return f"{name[:1]}•••@{host}"


def read_back(appointment: Appointment) -> str:
    """Return the promise in one line: who, with whom, when, where."""
    day, time = local_dt(appointment.starts_at).split(", ")
    place = f", {appointment.room.name}" if appointment.room else ""
    return f"{appointment.client.name} with {appointment.therapist.name} on {day} at {time}{place}."


def what_happens_next(client: Client, *, has_open_intake: bool) -> str:
    """Return how the client hears from us: by mail to which address, or by a call."""
    if not client.can_be_mailed:
        why = "wishes no e-mail" if client.email else "has no e-mail"
        need = ", the intake is on the call list" if has_open_intake else ", please give the time by phone"
        return f"{client.first_name} {why}{need}."
    what = "The intake link goes" if has_open_intake else "The confirmation goes"
    return f"{what} to {masked(client.email)}."
