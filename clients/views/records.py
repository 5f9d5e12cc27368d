"""Finding, creating and changing clients."""

from django.http import Http404

from practice.access import staff_only


@staff_only
def client_list(request):
    raise Http404


@staff_only
def client_create(request):
    raise Http404


@staff_only
def client_edit(request, client_id):
    raise Http404
