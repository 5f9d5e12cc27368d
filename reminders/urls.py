"""Addresses of the outbox and of check-ins."""

from django.urls import path

from reminders import referral_views, views

app_name = "reminders"

urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("release/", views.mail_hold_release, name="mail_hold_release"),
    path("<int:pk>/", views.message_detail, name="message_detail"),
    path("<int:pk>/again/", views.message_resend, name="message_resend"),
    path("referral/<int:referral_id>/again/", referral_views.referral_send_again, name="referral_send_again"),
    path("check-in/open/<str:token>/", views.check_in_open, name="check_in_open"),
    path("check-in/<slug:handle>/", views.check_in_page, name="check_in_page"),
    path("check-in/<slug:handle>/done/", views.check_in_done, name="check_in_done"),
]
