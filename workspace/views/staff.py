"""Settings: people, their roles and who covers whom; and the audit. Owners only."""

from zoneinfo import ZoneInfo

from allauth.account.forms import ResetPasswordForm, default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from practice import clock
from practice.access import role_required
from practice.errors import Refused
from practice.forms import posted, row_id
from practice.models import AuditEvent, Cover, User
from practice.staff import change_staff, deactivate_staff, end_cover, give_cover, invite_staff, reactivate_staff
from workspace.settings_forms import CoverForm, StaffForm

PER_PAGE = 100


def _colleague(request, pk):
    return get_object_or_404(User.objects.visible_to(request.user), pk=pk)


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def staff_invite(request):
    form = StaffForm(posted(request), is_new=True)
    if form.is_valid():
        try:
            user = invite_staff(by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{user.name} is invited. {_mail_password_link(request, user)}")
            return redirect("workspace:staff_link", user.pk)
    context = {"form": form, "heading": "Invite a colleague"}
    return render(request, "workspace/settings_form.html", context, status=422 if form.errors else 200)


def _mail_password_link(request, user) -> str:
    """Let the sign-in library send its own mail, as for a forgotten password; returns what to tell the owner."""
    if not settings.MAIL_IS_SET_UP:
        return "No mail server is set up, so hand over the link below."
    form = ResetPasswordForm({"email": user.email})
    if form.is_valid():
        form.save(request)
    return f"The link below is also mailed to {user.email}."


@role_required("owner")
@require_safe
def staff_link(request, pk):
    """Show the link by which a new colleague sets their password, for handing over in person."""
    user = _colleague(request, pk)
    if user.has_usable_password():
        messages.info(request, f"{user.name} has a password. If it is forgotten, the sign-in page helps.")
        return redirect("workspace:staff_edit", pk)
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    path = reverse("account_reset_password_from_key", kwargs=key)
    return render(request, "workspace/staff_link.html", {"colleague": user, "link": settings.SITE_URL + path})


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def staff_edit(request, pk):
    user = _colleague(request, pk)
    initial = {name: getattr(user, name) for name in ("first_name", "last_name", "email", "phone", "credential")}
    form = StaffForm(posted(request), is_new=False, initial={**initial, "roles": sorted(user.roles)})
    if form.is_valid():
        try:
            change_staff(user, by=request.user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect("workspace:settings")
    context = {"form": form, "colleague": _colleague(request, pk)}
    return render(request, "workspace/staff_edit.html", context, status=422 if form.errors else 200)


@role_required("owner")
@require_POST
def staff_deactivate(request, pk):
    user = _colleague(request, pk)
    try:
        if user.is_active:
            deactivate_staff(user, by=request.user, at=clock.now())
            messages.success(request, f"{user.name} can no longer sign in. Their work stays.")
        else:
            reactivate_staff(user, by=request.user, at=clock.now())
            messages.success(request, f"{user.name} can sign in again.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("workspace:settings")


@role_required("owner")
@require_http_methods(["GET", "HEAD", "POST"])
def cover_create(request):
    form = CoverForm(posted(request), zone=ZoneInfo(request.practice.time_zone))
    if form.is_valid():
        try:
            give_cover(by=request.user, at=clock.now(), **form.cover)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The cover is set.")
            return redirect("workspace:settings")
    context = {"form": form, "heading": "Cover a colleague"}
    return render(request, "workspace/settings_form.html", context, status=422 if form.errors else 200)


@role_required("owner")
@require_POST
def cover_end(request, pk):
    end_cover(get_object_or_404(Cover.objects.visible_to(request.user), pk=pk), by=request.user, at=clock.now())
    messages.success(request, "The cover has ended.")
    return redirect("workspace:settings")


@role_required("owner")
@require_safe
def audit_list(request):
    events = AuditEvent.objects.visible_to(request.user).select_related("by")
    client = request.GET.get("client", "")
    if client:
        events = events.filter(about_client_id=row_id(client) or 0)
    page = Paginator(events.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "workspace/audit_list.html",
        {"page": page, "query": f"client={client}&" if client else "", "client_id": client},
    )
