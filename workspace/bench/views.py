"""What the pages are compared with. It stands at an address of the bench's web server alone."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from practice.access import public


@public
@require_safe
def one_query(request):
    """Answer with one line from one query: the one that every request makes for its practice."""
    return HttpResponse(request.practice.name, content_type="text/plain")
