"""Small words for templates: icons, state badges, and how a time, an age, a length or a phone number is written."""

from datetime import date, datetime, timedelta

import phonenumbers
from django import template
from django.template.defaultfilters import date as format_date
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html

from practice.phones import parse_phone, written

register = template.Library()

SPRITE = "vendor/bootstrap-icons/icons.svg"

# state -> (tone, icon, words). A state is never shown by its tone alone.
STATES = {
    "go": ("go", "check-circle-fill", "Go"),
    "stop": ("stop", "x-octagon-fill", "Stop – therapist first"),
    "emergency": ("stop", "exclamation-octagon-fill", "Emergency"),
    "urgent_referral": ("stop", "exclamation-triangle-fill", "Urgent referral"),
    "routine_referral": ("warn", "exclamation-circle", "Routine referral"),
    "treat": ("go", "check-circle-fill", "Treat"),
    "incomplete": ("warn", "question-circle", "Incomplete"),
    "caution": ("warn", "exclamation-triangle", "Caution"),
    "intake_missing": ("warn", "clipboard", "Intake missing"),
    "intake_sent": ("info", "send", "Intake sent"),
    "intake_started": ("info", "pencil", "Intake started"),
    "not_asked": ("warn", "clipboard-x", "Not asked yet"),
    "to_call": ("warn", "telephone", "No e-mail: call"),
    "therapist_asks": ("info", "person-badge", "Therapist asks the rest"),
    "intake_done": ("go", "clipboard-check", "Intake done"),
    "consent_missing": ("warn", "file-earmark-text", "Consent missing"),
    "booked": ("info", "calendar-check", "Booked"),
    "confirmed": ("go", "check2-all", "Confirmed"),
    "held": ("warn", "hourglass-split", "Held"),
    "arrived": ("brand", "person-check", "Arrived"),
    "in_session": ("hand", "play-circle", "In session"),
    "seen": ("quiet", "check2", "Seen"),
    "done": ("quiet", "check2", "Done"),
    "completed": ("quiet", "check2", "Done"),
    "no_show": ("warn", "person-x", "Did not come"),
    "cancelled": ("quiet", "x-circle", "Cancelled"),
    "draft": ("warn", "pencil", "Draft"),
    "unsigned": ("warn", "pencil", "Not signed"),
    "signed": ("go", "lock-fill", "Signed"),
    "in_error": ("quiet", "x-octagon-fill", "Entered in error"),
    "amended": ("info", "journal-plus", "Amended"),
    "due": ("warn", "clock", "Due"),
    "overdue": ("stop", "clock-history", "Overdue"),
    "sending": ("info", "arrow-repeat", "Sending"),
    "sent": ("go", "send-check", "Sent"),
    "delivered": ("go", "send-check", "Sent"),
    "failed": ("stop", "exclamation-octagon-fill", "Failed"),
    "unsure": ("warn", "question-circle", "Not certain"),
    "skipped": ("quiet", "dash-circle", "Not needed"),
    "withdrawn": ("quiet", "dash-circle", "Withdrawn"),
    "opened": ("info", "envelope-open", "Opened"),
    "answered": ("go", "chat-left-text", "Answered"),
    "received": ("info", "inbox", "Received"),
    "report_ready": ("go", "file-earmark-text", "Report ready"),
    "waiting": ("info", "hourglass-split", "Waiting"),
    "active": ("go", "play-circle", "Active"),
    "paused": ("warn", "pause-circle", "Paused"),
    "ended": ("quiet", "check2", "Ended"),
    "finished": ("quiet", "check2", "Finished"),
    "inactive": ("quiet", "dash-circle", "Inactive"),
    "open": ("info", "circle", "Open"),
    "closed": ("quiet", "check2", "Closed"),
}

MESSAGE_TONES = {
    "debug": ("quiet", "info-circle"),
    "info": ("info", "info-circle"),
    "success": ("go", "check-circle"),
    "warning": ("warn", "exclamation-triangle"),
    "error": ("stop", "exclamation-octagon-fill"),
}


@register.simple_tag
def icon(name, label="", css=""):
    """Return an icon of the sprite; decorative unless `label` gives it words for a screen reader."""
    voice = format_html('role="img" aria-label="{}"', label) if label else format_html('aria-hidden="{}"', "true")
    return format_html(
        '<svg class="icon{}" {} focusable="false"><use href="{}#{}"></use></svg>',
        f" {css}" if css else "",
        voice,
        static(SPRITE),
        name,
    )


@register.inclusion_tag("_components/badge.html")
def state(name, words="", css=""):
    """Show a state as icon and word in its tone. Unknown states stay quiet and are spelled out."""
    tone, icon_name, usual_words = STATES.get(name, ("quiet", "circle", str(name).replace("_", " ").capitalize()))
    return {"tone": tone, "icon_name": icon_name, "words": words or usual_words, "css": css}


@register.filter
def message_tone(level_tag):
    """Return the tone of a django.contrib.messages level tag."""
    return MESSAGE_TONES.get(level_tag, MESSAGE_TONES["info"])[0]


@register.filter
def message_icon(level_tag):
    """Return the icon name of a django.contrib.messages level tag."""
    return MESSAGE_TONES.get(level_tag, MESSAGE_TONES["info"])[1]


@register.filter
def minutes(value):
    """Write a length in minutes: 45 -> "45 min", 60 -> "1 h", 90 -> "1 h 30 min"; empty for nothing."""
    if value in (None, ""):
        return ""
    hours, rest = divmod(int(value), 60)
    return " ".join(([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest or not hours else []))


@register.filter
def phone(value):
    """Write a phone number as people of the practice's country read it; others keep their country code."""
    return written(value)


@register.filter
def tel(value):
    """Return a phone number for `href`: "tel:+13125550100". Short numbers such as 911 stay as they are."""
    number = parse_phone(value) if value else None
    if number is None or not phonenumbers.is_possible_number(number):
        return "tel:" + "".join(sign for sign in str(value or "") if sign in "+0123456789")
    return "tel:" + phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def as_local(value):
    """Return an aware datetime in the zone of the page; dates and naive values stay."""
    return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


@register.filter
def local_dt(value):
    """Write a moment in the practice's zone: "Mon 23 Nov 2026, 14:30"; empty for nothing."""
    return format_date(as_local(value), "D j M Y, H:i") if value else ""


@register.filter
def local_date(value):
    """Write a day: "Mon 23 Nov 2026"; a moment counts in the practice's zone."""
    return format_date(as_local(value), "D j M Y") if value else ""


@register.filter
def local_time(value):
    """Write the time of day in the practice's zone: "14:30"."""
    return format_date(as_local(value), "H:i") if value else ""


@register.filter
def day_words(value, today):
    """Write a day as seen from `today`: "Today", "Tomorrow", "Yesterday", else "Mon 23 Nov 2026"."""
    if not value:
        return ""
    local = as_local(value)
    day = local.date() if isinstance(local, datetime) else local
    return {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get((day - today) // timedelta(days=1), local_date(day))


@register.filter
def age(born_on, today):
    """Return the age in whole years on the date `today`; empty when the birth date is not known."""
    if not isinstance(born_on, date) or not isinstance(today, date):
        return ""
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


@register.filter
def nrs(value):
    """Write a pain rating on the numeric rating scale 0–10: "7/10", or "not asked"."""
    return "not asked" if value in (None, "") else f"{value}/10"


@register.filter
def signed_number(value):
    """Write a change with its sign: +2, −3 (a true minus), 0."""
    if value in (None, ""):
        return ""
    return f"+{value}" if value > 0 else str(value).replace("-", "−")


@register.filter
def initials(name):
    """Return up to two initials of a person's name: "Mia van Dam" -> "MD"."""
    parts = [part for part in str(name).split() if part[:1].isalpha()]
    return "".join(part[0].upper() for part in (parts[:1] + parts[1:][-1:]))


@register.filter
def steps(total):
    """Return 1, 2, … total, for a stepper."""
    return range(1, int(total) + 1)
