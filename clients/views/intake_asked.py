"""What staff do about an intake: request, hand over the tablet, send again, ask by phone."""

from django.http import Http404

from practice.access import staff_only


@staff_only
def intake_request(request, client_id):
    raise Http404


@staff_only
def intake_on_tablet(request, client_id):
    raise Http404


@staff_only
def intake_send_again(request, client_id):
    raise Http404


@staff_only
def intake_by_phone(request, client_id):
    raise Http404


@staff_only
def intake_by_phone_group(request, client_id, step):
    raise Http404
