"""Addresses of this room. Charting, signing and reading a massage session; outcome measures; what went wrong."""

from django.urls import path

from sessions import adverse_views, measure_views, reading_views, snippet_views, views

app_name = "sessions"

urlpatterns = [
    path("start/<int:appointment_id>/", views.session_start, name="session_start"),
    path("<int:pk>/", views.session_detail, name="session_detail"),
    path("<int:pk>/chart/", views.session_chart, name="session_chart"),
    path("<int:pk>/sign/", views.session_sign, name="session_sign"),
    path("<int:pk>/amend/", views.session_amend, name="session_amend"),
    path("<int:pk>/withdraw/", views.session_withdraw, name="session_withdraw"),
    path("snippets/", snippet_views.snippet_list, name="snippet_list"),
    path("snippets/<int:pk>/", snippet_views.snippet_change, name="snippet_change"),
    path("<int:pk>/print/", reading_views.session_print, name="session_print"),
    path("<int:pk>/pdf/", reading_views.session_pdf, name="session_pdf"),
    path("client/<int:client_id>/muscles/", reading_views.muscles_treated, name="muscles_treated"),
    path("client/<int:client_id>/muscle/<slug:muscle>/", reading_views.muscle_history, name="muscle_history"),
    path("adverse-event/<int:client_id>/", adverse_views.adverse_event_create, name="adverse_event_create"),
    path("adverse-events/", adverse_views.adverse_event_list, name="adverse_event_list"),
    path("adverse-events/<int:pk>/", adverse_views.adverse_event_detail, name="adverse_event_detail"),
    path("adverse-events/<int:pk>/correct/", adverse_views.adverse_event_correct, name="adverse_event_correct"),
    path("measures/<int:client_id>/", measure_views.measure_list, name="measure_list"),
    path("measures/<int:client_id>/activities/", measure_views.activities_name, name="activities_name"),
    path("measures/<int:client_id>/<slug:measure>/", measure_views.measure_record, name="measure_record"),
    path("measures/score/<int:pk>/correct/", measure_views.score_correct, name="score_correct"),
]
