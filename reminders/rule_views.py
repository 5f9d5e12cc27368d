"""When mails go out by themselves: the rules and the quiet hours. Everybody with the outbox reads them, owners change them."""

from datetime import timedelta

from django.contrib import messages
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from practice import clock
from practice.access import role_required
from practice.errors import Refused
from practice.forms import posted
from practice.records import keep
from reminders.catalogue import KIND_OF_RULE, groups
from reminders.models import CheckIn, Message
from reminders.rules import change_rule, clashes, in_days, settings_of_rules
from reminders.staff_forms import QuietForm, RuleForm
from reminders.timing import Quiet

LATELY = timedelta(days=30)


@role_required("front_desk", "owner")
@require_safe
def rule_list(request):
    now, found = clock.now(), {group: [] for group in groups()}
    sent, stands = _sent_lately(now), settings_of_rules()
    wrong = clashes(stands)
    for key, setting in stands.items():
        row = {
            "setting": setting,
            "sentence": setting.rule.sentence(setting.hours),
            "sent": sent.get(key, 0),
            "wrong": wrong.get(key, ""),
            "kind": KIND_OF_RULE[key],
        }
        found[setting.rule.group].append(row)
    context = {"groups": found, "lately": LATELY.days, "quiet_now": Quiet.of(request.practice).around(now)}
    return render(request, "reminders/rule_list.html", context)


def _sent_lately(now) -> dict[str, int]:
    """Return how many mails each rule sent in the last 30 days, by its key. One query, over those days only."""
    # a sent mail was due before it was sent, and an index leads to when it was due
    sent = Message.objects.filter(state=Message.State.SENT, due_at__gte=now - LATELY)
    counts = {}
    for kind, step, count in sent.values_list("kind", "check_in__step").annotate(Count("pk")).order_by():
        is_second = kind == Message.Kind.CHECK_IN and step == CheckIn.Step.SECOND
        key = "second_check_in" if is_second else kind
        counts[key] = counts.get(key, 0) + count
    return counts


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request, key):
    setting = settings_of_rules().get(key)
    if setting is None:
        raise Http404
    form = RuleForm(posted(request), setting=setting)
    if form.is_valid():
        hours = form.cleaned_data.get("hours", setting.hours)
        try:
            change_rule(key, hours=hours, is_active=form.cleaned_data["is_active"], by=request.user, at=clock.now())
        except Refused as refusal:
            form.add_error("hours", str(refusal))
        else:
            messages.success(request, f"“{setting.rule.name}” is saved.")
            return redirect("reminders:rule_list")
    context = {
        "form": form,
        "rule": setting.rule,
        "setting": setting,
        "sentence": setting.rule.sentence(setting.hours),
        "usual": setting.rule.sentence(setting.rule.hours),
        "least": in_days(setting.rule.least),
        "most": in_days(setting.rule.most),
    }
    return render(request, "reminders/rule_edit.html", context, status=422 if form.errors else 200)


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def quiet_edit(request):
    form = QuietForm(posted(request), instance=request.practice)
    if form.is_valid():
        keep(form.instance, by=request.user, at=clock.now())
        messages.success(request, "The quiet hours are saved.")
        return redirect("reminders:rule_list")
    request.practice.refresh_from_db()  # the page around the form shows what is stored, not what was typed
    return render(request, "reminders/quiet_edit.html", {"form": form}, status=422 if form.errors else 200)
