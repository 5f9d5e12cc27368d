"""The mails themselves: every kind as it reads today, the practice's own words in it, and a test to one's own address."""

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practice import clock, limits
from practice.access import role_required
from practice.errors import Refused
from practice.forms import posted
from reminders.catalogue import CATALOGUE, CLIENT, groups
from reminders.delivery import SmtpDelivery
from reminders.mails import as_html, as_text, sender
from reminders.models import OwnWords
from reminders.own_words import write_own_words
from reminders.rules import settings_of_rules
from reminders.samples import Outcome, cases_of, sample_letter, send_sample
from reminders.staff_forms import OwnWordsForm

SAMPLE_READER = "alex@mail.example"
# A mail carries its style with it, as mail programs need it. Nothing else may run or load, and only our own page frames it.
OF_A_MAIL = {
    **dict.fromkeys(settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]),  # none of the usual ones
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
    "sandbox": True,
}


def _case(request, kind: str) -> tuple[str, dict[str, str]]:
    """Return which words of a kind are asked for, and all there are. Raises Http404 for a kind that has none."""
    cases = cases_of(kind) if kind in CATALOGUE else {}
    key = request.GET.get("words") or next(iter(cases), "")
    if key not in cases:
        raise Http404
    return key, cases


@role_required("front_desk", "owner")
@require_safe
def mail_list(request):
    rules = settings_of_rules()
    own = dict(OwnWords.objects.visible_to(request.user).exclude(text="").values_list("kind", "text"))
    found = {
        group: [
            {
                "entry": entry,
                "when": _when(entry, rules),
                "is_off": entry.rule and not rules[entry.rule].is_active,
                "own": own.get(entry.kind, ""),
                "has_words": bool(cases_of(entry.kind)),
            }
            for entry in entries
        ]
        for group, entries in groups().items()
    }
    return render(request, "reminders/mail_list.html", {"groups": found})


def _when(entry, rules) -> str:
    if not entry.rule:
        return entry.when
    setting = rules[entry.rule]
    return setting.rule.sentence(setting.hours)


@csp_update({"frame-src": [SELF]})
@role_required("front_desk", "owner")
@require_safe
def mail_preview(request, kind):
    key, cases = _case(request, kind)
    practice, entry, rules = request.practice, CATALOGUE[kind], settings_of_rules()
    letter = sample_letter(kind, key, practice=practice, to=SAMPLE_READER, now=clock.now())
    context = {
        "entry": entry,
        "when": _when(entry, rules),
        "is_off": entry.rule and not rules[entry.rule].is_active,
        "letter": letter,
        "sender": sender(practice),
        "text": as_text(letter, practice),
        "cases": [{"key": each, "name": name, "is_current": each == key} for each, name in cases.items()],
        "key": key,
        "own": OwnWords.objects.visible_to(request.user).filter(kind=kind).first(),
        "is_to_client": entry.to == CLIENT,
    }
    return render(request, "reminders/mail_preview.html", context)


@csp_replace(OF_A_MAIL)
@xframe_options_sameorigin
@role_required("front_desk", "owner")
@require_safe
def mail_look(request, kind):
    key, _ = _case(request, kind)
    letter = sample_letter(kind, key, practice=request.practice, to=SAMPLE_READER, now=clock.now())
    is_dark = request.GET.get("look") == "dark"
    # shown dark or light whatever this machine prefers
    html = as_html(letter, request.practice).replace("(prefers-color-scheme: dark)", "all" if is_dark else "not all")
    return HttpResponse(html)


@role_required("front_desk", "owner")
@require_POST
def mail_test(request, kind):
    key, _ = _case(request, kind)
    back = redirect(f"{reverse('reminders:mail_preview', args=[kind])}?words={key}")
    if not limits.use(request, "mail.test"):
        messages.error(request, "Ten test mails an hour are enough. Try again later.")
        return back
    delivery = SmtpDelivery()
    try:
        outcome = send_sample(kind, key, practice=request.practice, by=request.user, at=clock.now(), deliver=delivery)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return back
    finally:
        delivery.close()
    say = messages.success if outcome is Outcome.TAKEN else messages.error
    say(request, f"Test to {request.user.email}: {outcome.value}")
    return back


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def own_words_edit(request, kind):
    _case(request, kind)
    entry = CATALOGUE[kind]
    if entry.to != CLIENT:
        raise Http404
    written = OwnWords.objects.visible_to(request.user).filter(kind=kind).first()
    form = OwnWordsForm(posted(request), initial={"text": written.text if written else ""})
    if form.is_valid():
        try:
            write_own_words(kind, text=form.cleaned_data["text"], by=request.user, at=clock.now())
        except Refused as refusal:
            form.add_error("text", str(refusal))
        else:
            messages.success(request, "Saved. This is how it reads now.")
            return redirect("reminders:mail_preview", kind)
    context = {"form": form, "entry": entry}
    return render(request, "reminders/own_words_edit.html", context, status=422 if form.errors else 200)
