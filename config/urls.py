"""Where every address leads. Each room keeps its own; public pages behind mail links stand at short paths."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from workspace.views.doors import first_run, healthz, home, still_here

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # the admin has no door of its own

handler500 = "practice.errors_views.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("still-here/", still_here, name="still_here"),
    path("healthz", healthz, name="healthz"),
    path("first-run/", first_run, name="first_run"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("clients/", include("clients.urls")),
    path("protocols/", include("protocols.urls")),
    path("book/", include("booking.online_urls")),
    path("booking/", include("booking.urls")),
    path("sessions/", include("sessions.urls")),
    path("referrals/", include("referrals.urls")),
    path("reminders/", include("reminders.urls")),
    path("", include("workspace.urls")),
]
