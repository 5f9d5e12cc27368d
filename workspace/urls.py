"""Addresses of the pages that stand on several rooms."""

from django.urls import path

from workspace.views import day, demo

app_name = "workspace"

urlpatterns = [
    path("today/", day.today, name="today"),
    path("people/<int:client_id>/", day.client_page, name="client_page"),
    path("mailbox/", demo.mailbox, name="mailbox"),
    path("mailbox/clock/", demo.clock_move, name="clock_move"),
    path("mailbox/<str:name>/", demo.mailbox_mail, name="mailbox_mail"),
]
