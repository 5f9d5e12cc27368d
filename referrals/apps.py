"""Letters in and out."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Letters in and out."""

    name = "referrals"
