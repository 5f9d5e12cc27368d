"""Addresses of letters in and reports out."""

from django.urls import path

from referrals import public_views, views

app_name = "referrals"

urlpatterns = [
    path("", views.referral_list, name="referral_list"),
    path("new/", views.referral_create, name="referral_create"),
    path("<int:pk>/", views.referral_detail, name="referral_detail"),
    path("<int:referral_id>/report/", views.report_write, name="report_write"),
    path("reports/<int:pk>/", views.report_preview, name="report_preview"),
    path("reports/<int:pk>/send/", views.report_send, name="report_send"),
    path("referrers/", views.referrer_list, name="referrer_list"),
    path("referrers/new/", views.referrer_create, name="referrer_create"),
    path("referrers/<int:pk>/", views.referrer_edit, name="referrer_edit"),
    path("status/open/<str:token>/", public_views.status_open, name="status_open"),
    path("status/<slug:handle>/", public_views.status_page, name="status_page"),
    path("status/<slug:handle>/report/", public_views.status_report, name="status_report"),
    path("report/open/<str:token>/", views.report_open, name="report_open"),
    path("report/<slug:handle>/", views.report_page, name="report_page"),
]
