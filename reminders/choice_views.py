"""Which mails a client wants, written down by the staff for them."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from clients.models import Client
from practice import clock
from practice.access import staff_only
from reminders.rules import choices_of, choose_mail
from reminders.stop_forms import MailChoicesForm


@staff_only
@require_POST
def mail_choose(request, client_id):
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=client_id)
    form = MailChoicesForm(request.POST, choices=choices_of(client))
    if not form.is_valid():
        messages.error(request, "That was none of the choices. Please tick them again.")
        return redirect(client)
    for topic, is_wanted in form.changes().items():
        choose_mail(client=client, topic=topic, is_wanted=is_wanted, by=request.user, at=clock.now())
    messages.success(request, f"Saved what {client.first_name} wants to get.")
    return redirect(client)
