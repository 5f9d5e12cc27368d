"""Letters in and reports out: for staff, and for the referrer behind a mail's link."""

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.forms import ClientForm
from clients.models import Client, among
from clients.records import create_client
from practice import audit, clock, links
from practice.access import public, role_required, staff_only
from practice.doors import door
from practice.errors import Refused
from practice.errors_views import link_closed
from practice.forms import posted, row_id
from referrals.forms import LetterForm, ReferrerChangeForm, ReferrerForm, ReportForm
from referrals.letters import change_referrer, enter_referrer, status_of, take_in_referral
from referrals.models import Referral, Referrer, Report, ReportLink
from referrals.reports import holding_share_consent, may_be_read, send_report, write_report

PER_PAGE = 25
READERS = ("therapist", "owner")


@staff_only
@require_safe
def referral_list(request):
    rows = Referral.objects.visible_to(request.user).with_progress().select_related("client", "referrer")
    page = Paginator(rows.order_by("-received_on", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    shown = [{"referral": row, "status": status_of(row)} for row in page]
    return render(request, "referrals/referral_list.html", {"rows": shown, "page": page})


@role_required("front_desk", "owner")
@require_http_methods(["GET", "HEAD", "POST"])
def referral_create(request):
    client = _chosen_client(request)
    data = posted(request)
    letter = LetterForm(
        data,
        prefix="letter",
        today=clock.today(),
        referrers=_referrers(request),
        initial={"received_on": clock.today()},
    )
    person = None if client else ClientForm(data, today=clock.today())
    duplicates = []
    if letter.is_valid() and (client or person.is_valid()):
        duplicates = [] if client else person.unseen_duplicates(is_confirmed="is_another_person" in request.POST)
        if not duplicates:
            try:
                referral = _take_in(request, letter, client, person)
            except Refused as refusal:
                letter.add_error(None, str(refusal))
            else:
                messages.success(
                    request, f"The letter about {referral.client.name} is taken in. Book the first visit next."
                )
                return redirect(referral.client)
    context = {
        "letter": letter,
        "person": person,
        "client": client,
        "duplicates": duplicates,
        "shown": ",".join(str(each.client.pk) for each in duplicates),
    }
    has_errors = letter.errors or (person and person.errors)
    return render(request, "referrals/referral_create.html", context, status=422 if has_errors else 200)


def _chosen_client(request):
    pk = request.POST.get("client") or request.GET.get("client")
    return get_object_or_404(Client.objects.visible_to(request.user), pk=row_id(pk)) if pk else None


def _referrers(request):
    return Referrer.objects.visible_to(request.user).filter(is_active=True).order_by("name", "pk")


@transaction.atomic
def _take_in(request, letter, client, person):
    """Write the client, the referrer and the letter together, or none of them."""
    now = clock.now()
    client = client or create_client(by=request.user, at=now, **person.details)
    referrer = letter.cleaned_data["referrer"] or enter_referrer(by=request.user, at=now, **letter.new_referrer)
    return take_in_referral(
        referrer=referrer, client=client, by=request.user, at=now, today=clock.today(), **letter.letter
    )


@staff_only
@require_safe
def referral_detail(request, pk):
    referral = get_object_or_404(
        Referral.objects.visible_to(request.user).with_progress().select_related("client", "referrer"), pk=pk
    )
    reads_chart = Client.objects.charts_visible_to(request.user).filter(pk=referral.client_id).exists()
    if reads_chart:
        audit.record_reading(client=referral.client, page="referrals:referral_detail", at=clock.now(), by=request.user)
    return render(
        request,
        "referrals/referral_detail.html",
        {
            "referral": referral,
            "status": status_of(referral),
            "reads_chart": reads_chart,
            "reports": referral.reports.order_by("-written_at", "-pk") if reads_chart else [],
            "consent": holding_share_consent(referral.client) if reads_chart else None,
            "mails": _mails(referral),
        },
    )


def _mails(referral):
    """Return what went, or is to go, to the referrer about it, the newest first."""
    of_reports = [mail for report in referral.reports.prefetch_related("messages") for mail in report.messages.all()]
    return sorted([*referral.messages.all(), *of_reports], key=lambda mail: (mail.due_at, mail.pk), reverse=True)


@staff_only
@require_safe
def referrer_list(request):
    referrers = Referrer.objects.visible_to(request.user).order_by("-is_active", "name", "pk")
    return render(request, "referrals/referrer_list.html", {"referrers": referrers})


@role_required("front_desk", "owner")
@require_http_methods(["GET", "HEAD", "POST"])
def referrer_create(request):
    form = ReferrerForm(posted(request))
    if form.is_valid():
        referrer = enter_referrer(by=request.user, at=clock.now(), **form.cleaned_data)
        messages.success(request, f"{referrer.name} is in the address book.")
        return redirect("referrals:referrer_list")
    return render(request, "referrals/referrer_create.html", {"form": form}, status=422 if form.errors else 200)


@role_required("front_desk", "owner")
@require_http_methods(["GET", "HEAD", "POST"])
def referrer_edit(request, pk):
    referrer = get_object_or_404(Referrer.objects.visible_to(request.user), pk=pk)
    name = referrer.name  # the form writes what was typed into the row it holds
    form = ReferrerChangeForm(posted(request), instance=referrer)
    if form.is_valid():
        changed = change_referrer(referrer, by=request.user, at=clock.now(), **form.cleaned_data)
        messages.success(request, f"{changed.name} is saved.")
        return redirect("referrals:referrer_list")
    context = {"form": form, "referrer": {"name": name}}
    return render(request, "referrals/referrer_edit.html", context, status=422 if form.errors else 200)


@role_required(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def report_write(request, referral_id):
    charts = Client.objects.charts_visible_to(request.user)
    referral = get_object_or_404(
        Referral.objects.filter(among(charts)).select_related("client", "referrer"), pk=referral_id
    )
    audit.record_reading(client=referral.client, page="referrals:report_write", at=clock.now(), by=request.user)
    draft = Report.objects.filter(referral=referral, sent_at__isnull=True).first()
    form = ReportForm(posted(request), initial={"message": draft.message if draft else ""})
    if form.is_valid():
        try:
            report = write_report(referral, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(report)
    context = {"form": form, "referral": referral, "consent": holding_share_consent(referral.client)}
    return render(request, "referrals/report_write.html", context, status=422 if form.errors else 200)


def _shown(report):
    """The report's context, the same for the therapist who checks it and the referrer who reads it."""
    content = report.content
    return {
        "report": report,
        "content": content,
        "client": report.client,
        "referral": report.referral,
        "referrer": report.referral.referrer,
        "visits": [datetime.fromisoformat(visit) for visit in content["visits"]],
        "screened_at": datetime.fromisoformat(content["screening"]["at"]),
    }


@role_required(*READERS)
@require_safe
def report_preview(request, pk):
    report = get_object_or_404(
        Report.objects.visible_to(request.user).select_related("client", "referral__referrer", "consent"), pk=pk
    )
    audit.record_reading(client=report.client, page="referrals:report_preview", at=clock.now(), by=request.user)
    return render(request, "referrals/report_preview.html", _shown(report))


@role_required(*READERS)
@require_POST
def report_send(request, pk):
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    try:
        send_report(report, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        to = report.referral.referrer
        messages.success(
            request,
            f"The link goes to {to.name} by mail."
            if to.email
            else f"{to.name} has no e-mail: please print the report.",
        )
    return redirect(report)


@public
@door
@require_safe
def report_open(request, token):
    link = ReportLink.objects.opened_by(token, now=clock.now())
    if link is None or not may_be_read(link.report):
        return link_closed(request)
    links.remember(request, link)
    return redirect("referrals:report_page", link.handle)


@public
@require_safe
def report_page(request, handle):
    link = links.remembered(request, ReportLink, handle, now=clock.now())
    if link is None or not may_be_read(link.report):
        return link_closed(request)
    audit.record_reading(client=link.report.client, page="referrals:report_page", at=clock.now(), actor="referrer")
    return render(request, "referrals/report_page.html", _shown(link.report))
