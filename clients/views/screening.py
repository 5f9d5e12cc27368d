"""The screening as the therapist reads it, and what they add."""

from django.http import Http404

from practice.access import staff_only


@staff_only
def screening_page(request, client_id):
    raise Http404


@staff_only
def screening_clarify(request, client_id):
    raise Http404


@staff_only
def screening_version(request, client_id, screening_id):
    raise Http404


@staff_only
def clearance_create(request, client_id):
    raise Http404
