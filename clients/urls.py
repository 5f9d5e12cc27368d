"""Addresses of this room."""

from django.urls import path

from clients.views import calls, intake, intake_asked, records, screening, visit

app_name = "clients"

urlpatterns = [
    path("", records.client_list, name="client_list"),
    path("new/", records.client_create, name="client_create"),
    path("<int:client_id>/edit/", records.client_edit, name="client_edit"),
    # the client's own pages, behind a mail link
    path("intake/open/<str:token>/", intake.intake_open, name="intake_open"),
    path("intake/hand-back/", intake.intake_hand_back, name="intake_hand_back"),
    path("intake/<slug:handle>/", intake.intake_page, name="intake_page"),
    path("intake/<slug:handle>/now/", intake.intake_emergency, name="intake_emergency"),
    path("intake/<slug:handle>/done/", intake.intake_done, name="intake_done"),
    path("intake/<slug:handle>/copy/", intake.intake_copy, name="intake_copy"),
    path("intake/<slug:handle>/part/<slug:step>/", intake.intake_group, name="intake_group"),
    # what staff do about an intake
    path("<int:client_id>/intake/request/", intake_asked.intake_request, name="intake_request"),
    path("<int:client_id>/intake/tablet/", intake_asked.intake_on_tablet, name="intake_on_tablet"),
    path("<int:client_id>/intake/send-again/", intake_asked.intake_send_again, name="intake_send_again"),
    path("<int:client_id>/intake/asked/", intake_asked.intake_by_phone, name="intake_by_phone"),
    path("<int:client_id>/intake/asked/<slug:step>/", intake_asked.intake_by_phone_group, name="intake_by_phone_group"),
    # the therapist's side
    path("<int:client_id>/intake/<int:intake_id>/", screening.intake_read, name="intake_read"),
    path("<int:client_id>/screening/", screening.screening_page, name="screening_page"),
    path("<int:client_id>/screening/clarify/", screening.screening_clarify, name="screening_clarify"),
    path("<int:client_id>/screening/<int:screening_id>/", screening.screening_version, name="screening_version"),
    path("<int:client_id>/rescreen/", visit.rescreen, name="rescreen"),
    path("<int:client_id>/screening/compare/", screening.screening_compare, name="screening_compare"),
    path("<int:client_id>/screening/confirm/", screening.screening_confirm, name="screening_confirm"),
    path("<int:client_id>/screening/preview/", screening.screening_preview, name="screening_preview"),
    path("<int:client_id>/screening/overrule/", screening.screening_overrule, name="screening_overrule"),
    path("<int:client_id>/clearance/", screening.clearance_create, name="clearance_create"),
    path("<int:client_id>/consent/", screening.consent_record, name="consent_record"),
    path("call-list/", calls.call_list, name="call_list"),
    path("tasks/<int:task_id>/take-on/", calls.client_take_on, name="client_take_on"),
    path("tasks/<int:task_id>/done/", calls.task_done, name="task_done"),
]
