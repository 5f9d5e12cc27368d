"""Django's admin, behind the same door as everything else: allauth signs in, the admin never does."""

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig


class PracticeAdmin(AdminSite):
    """For the installer only (`createsuperuser`); nothing clinical is registered here."""

    site_header = "Practice administration"
    login = secure_admin_login(AdminSite.login)


class PracticeAdminConfig(AdminConfig):
    """Replaces django.contrib.admin in INSTALLED_APPS."""

    default_site = "config.admin_site.PracticeAdmin"
