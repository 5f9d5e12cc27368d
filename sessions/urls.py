"""Addresses of this room. Charting, signing and reading a massage session; reporting what went wrong."""

from django.urls import path

from sessions import views

app_name = "sessions"

urlpatterns = [
    path("start/<int:appointment_id>/", views.session_start, name="session_start"),
    path("<int:pk>/", views.session_detail, name="session_detail"),
    path("<int:pk>/chart/", views.session_chart, name="session_chart"),
    path("<int:pk>/sign/", views.session_sign, name="session_sign"),
    path("<int:pk>/amend/", views.session_amend, name="session_amend"),
    path("<int:pk>/withdraw/", views.session_withdraw, name="session_withdraw"),
    path("<int:pk>/print/", views.session_print, name="session_print"),
    path("snippets/", views.snippet_list, name="snippet_list"),
    path("snippets/<int:pk>/", views.snippet_change, name="snippet_change"),
    path("adverse-event/<int:client_id>/", views.adverse_event_create, name="adverse_event_create"),
]
