"""The intake as the client fills it in, behind a mail link."""

from django.http import Http404

from practice.access import public


@public
def intake_open(request, token):
    raise Http404


@public
def intake_page(request, handle):
    raise Http404


@public
def intake_done(request, handle):
    raise Http404


@public
def intake_copy(request, handle):
    raise Http404


@public
def intake_group(request, handle, step):
    raise Http404
