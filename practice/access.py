"""Who may open which page. Every view declares it; a view that does not is refused to everybody."""

from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied

from practice.models import Role

# Pages of installed libraries that cannot carry a declaration; sign-in itself, and an admin that checks for itself.
LIBRARIES = ("allauth.", "django.contrib.admin.", "django.contrib.staticfiles.")


def role_required(*roles: str):
    """Open a view to people with at least one of `roles`; others get 403."""
    allowed = frozenset(Role(role).value for role in roles)

    def decorate(view):
        @wraps(view)
        def checked(request, *args, **kwargs):
            if not (request.user.is_authenticated and request.user.roles & allowed):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked.access = allowed
        return checked

    return decorate


def staff_only(view):
    """Open a view to everybody who works here."""
    return role_required(*Role.values)(view)


def public(view):
    """Open a view to anybody. The written list of such pages stands in tests/test_access.py."""
    view = login_not_required(view)
    view.access = "public"
    return view


def is_declared(view) -> bool:
    """Say whether a view, or the library it comes from, declares who may open it."""
    inner = getattr(view, "view_class", view)
    return hasattr(view, "access") or inner.__module__.startswith(LIBRARIES)
