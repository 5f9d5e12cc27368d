"""Where a person came from."""

from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme


def way_back(request, otherwise):
    """Redirect to the posted `next` if that is a page of ours, else to `otherwise` (a row or a URL name)."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if is_ours and wanted.startswith("/"):  # anything else would be taken for the name of an address
        return redirect(wanted)
    return redirect(otherwise)
