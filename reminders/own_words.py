"""What the practice adds to a kind of mail in its own words: where to park, which bell to ring. Nothing about health."""

import re
from datetime import datetime

from django.db import transaction

from clients.folding import fold
from practice import audit
from practice.errors import Refused
from practice.forms import breaks_a_line, is_invisible
from practice.models import Practice, User
from reminders.catalogue import CATALOGUE, CLIENT
from reminders.models import OwnWords

LONGEST = OwnWords._meta.get_field("text").max_length
# A mail is read over shoulders and kept by strangers' servers: what it says beside the name tells why somebody comes here.
# A word that ends in * stands for all that begin so.
HEALTH_WORDS = (
    "pain pains painful ache aches aching sciatic* nerve nerves disc discs herniat* spine spinal lumbar buttock* gluteal "
    "glutes piriformis pelvi* groin hip hips leg legs numb numbness tingl* symptom* diagnos* injur* illness* disease* "
    "surgery pregnan* cancer medication* medicine* drug drugs prescri* exercise* stretching massage* treat treats "
    "treatment* therap* rehab* posture inflamm* swollen swelling muscle* thigh* knee knees calf calves sore soreness backache*"
).split() + ["lower back"]
_ABOUT_HEALTH = re.compile(
    r"\b(" + "|".join(f"{word[:-1]}\\w*" if word.endswith("*") else word for word in HEALTH_WORDS) + r")\b"
)
_A_LINK = re.compile(r"https?:|www\.|\w\.(com|org|net|io|uk|de|example)\b|@", re.IGNORECASE)


class NotForAMail(Refused):
    """Words that must not stand in a mail."""


@transaction.atomic
def write_own_words(kind: str, *, text: str, by: User, at: datetime) -> OwnWords:
    """Add `text` to every mail of a kind from now on, or take it away with "", and return its row.

    `kind` is one that goes to clients. Raises NotForAMail for words about health, links, and more than one line.
    """
    text = text.strip()
    if CATALOGUE[kind].to != CLIENT:
        raise NotForAMail("Only mails to clients carry words of your own.")
    if why := why_not_in_a_mail(text, name=Practice.objects.current().name):
        raise NotForAMail(why)
    row, _ = OwnWords.objects.update_or_create(kind=kind, defaults={"text": text, "changed_at": at, "changed_by": by})
    audit.record(action="own_words.written", at=at, by=by, target=row, kind=kind, length=len(text))
    return row


def why_not_in_a_mail(text: str, *, name: str) -> str:
    """Return why a practice's own words cannot stand in a mail, as a sentence; "" if they can.

    The practice's `name` may, whatever it says: it stands in every mail.
    """
    if len(text) > LONGEST:
        return f"Write at most {LONGEST} letters. These are {len(text)}."
    if breaks_a_line(text) or is_invisible(text):
        return "Write it as one paragraph: it holds a line break or another character that cannot be seen."
    if found := _ABOUT_HEALTH.search(fold(text).replace(fold(name), " ")):
        return f"“{found[0]}” speaks of health. A mail is read over shoulders: leave such words for the visit."
    if _A_LINK.search(text):
        return "Leave out links and e-mail addresses: clients learn that the button is the only link in our mails."
    return ""


def own_words_of(kind: str) -> str:
    """Return what the practice adds to a kind of mail, or ""."""
    return OwnWords.objects.filter(kind=kind).values_list("text", flat=True).first() or ""
