"""The call list, and tasks done."""

from django.http import Http404

from practice.access import staff_only


@staff_only
def call_list(request):
    raise Http404


@staff_only
def task_done(request, task_id):
    raise Http404
