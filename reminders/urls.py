"""Addresses of the outbox and of check-ins."""

from django.urls import path

from reminders import (
    choice_views,
    mail_views,
    outbox_views,
    referral_views,
    rule_views,
    stop_views,
    views,
)

app_name = "reminders"

urlpatterns = [
    path("referral/<int:referral_id>/again/", referral_views.referral_send_again, name="referral_send_again"),
    path("", outbox_views.outbox, name="outbox"),
    path("release/", outbox_views.mail_hold_release, name="mail_hold_release"),
    path("<int:pk>/", outbox_views.message_detail, name="message_detail"),
    path("<int:pk>/again/", outbox_views.message_resend, name="message_resend"),
    path("<int:pk>/arrived/", outbox_views.message_arrived, name="message_arrived"),
    path("rules/", rule_views.rule_list, name="rule_list"),
    path("rules/quiet/", rule_views.quiet_edit, name="quiet_edit"),
    path("rules/<slug:key>/", rule_views.rule_edit, name="rule_edit"),
    path("kinds/", mail_views.mail_list, name="mail_list"),
    path("kinds/<slug:kind>/", mail_views.mail_preview, name="mail_preview"),
    path("kinds/<slug:kind>/look/", mail_views.mail_look, name="mail_look"),
    path("kinds/<slug:kind>/test/", mail_views.mail_test, name="mail_test"),
    path("kinds/<slug:kind>/words/", mail_views.own_words_edit, name="own_words_edit"),
    path("of/<int:client_id>/choose/", choice_views.mail_choose, name="mail_choose"),
    path("check-in/open/<str:token>/", views.check_in_open, name="check_in_open"),
    path("check-in/<slug:handle>/", views.check_in_page, name="check_in_page"),
    path("check-in/<slug:handle>/done/", views.check_in_done, name="check_in_done"),
    path("mails/open/<str:token>/", stop_views.stop_open, name="stop_open"),
    path("mails/<slug:handle>/", stop_views.stop_page, name="stop_page"),
]
