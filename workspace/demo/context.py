"""What the sign-in page offers in the demo."""

from django.conf import settings

from workspace.demo import SIGN_INS


def demo_sign_ins(request) -> dict:
    """Return who may be tried, on the sign-in page of a demo practice; nothing anywhere else."""
    practice = getattr(request, "practice", None)
    page = request.resolver_match.view_name if request.resolver_match else ""
    if not settings.DEMO or page != settings.LOGIN_URL or practice is None or not practice.is_demo:
        return {}
    return {
        "demo_sign_ins": [
            {"username": username, "password": password, "name": name, "role": who}
            for username, password, who in SIGN_INS
            for name, _, who in [who.partition(": ")]
        ]
    }
