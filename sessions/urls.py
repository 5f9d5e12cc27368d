"""Addresses of this room. Charting, signing and reading a massage session; outcome measures; what went wrong."""

from django.urls import path

from sessions import measure_views, views

app_name = "sessions"

urlpatterns = [
    path("start/<int:appointment_id>/", views.session_start, name="session_start"),
    path("<int:pk>/", views.session_detail, name="session_detail"),
    path("<int:pk>/chart/", views.session_chart, name="session_chart"),
    path("<int:pk>/sign/", views.session_sign, name="session_sign"),
    path("<int:pk>/amend/", views.session_amend, name="session_amend"),
    path("<int:pk>/print/", views.session_print, name="session_print"),
    path("measures/<int:client_id>/", measure_views.measure_list, name="measure_list"),
    path("measures/<int:client_id>/activities/", measure_views.activities_name, name="activities_name"),
    path("measures/<int:client_id>/<slug:measure>/", measure_views.measure_record, name="measure_record"),
    path("measures/score/<int:pk>/correct/", measure_views.score_correct, name="score_correct"),
    path("adverse-event/<int:client_id>/", views.adverse_event_create, name="adverse_event_create"),
]
