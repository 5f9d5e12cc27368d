"""Addresses of the pages that stand on several rooms."""

from django.urls import path

from workspace.views import day, demo, practice, staff

app_name = "workspace"

urlpatterns = [
    path("today/", day.today, name="today"),
    path("intakes/", day.intake_desk, name="intake_desk"),
    path("people/<int:client_id>/", day.client_page, name="client_page"),
    path("practice/", practice.settings, name="settings"),
    path("practice/details/", practice.settings_practice, name="settings_practice"),
    path("practice/rooms/new/", practice.room_edit, name="room_create"),
    path("practice/rooms/<int:pk>/", practice.room_edit, name="room_edit"),
    path("practice/services/new/", practice.service_edit, name="service_create"),
    path("practice/services/<int:pk>/", practice.service_edit, name="service_edit"),
    path("practice/staff/<int:user_id>/hours/", practice.hours_edit, name="hours_edit"),
    path("practice/hours/<int:pk>/remove/", practice.hours_remove, name="hours_remove"),
    path("practice/closures/new/", practice.closure_create, name="closure_create"),
    path("practice/closures/<int:pk>/remove/", practice.closure_remove, name="closure_remove"),
    path("practice/staff/new/", staff.staff_invite, name="staff_invite"),
    path("practice/staff/<int:pk>/", staff.staff_edit, name="staff_edit"),
    path("practice/staff/<int:pk>/link/", staff.staff_link, name="staff_link"),
    path("practice/staff/<int:pk>/deactivate/", staff.staff_deactivate, name="staff_deactivate"),
    path("practice/covers/new/", staff.cover_create, name="cover_create"),
    path("practice/covers/<int:pk>/end/", staff.cover_end, name="cover_end"),
    path("practice/audit/", staff.audit_list, name="audit_list"),
    path("mailbox/", demo.mailbox, name="mailbox"),
    path("mailbox/clock/", demo.clock_move, name="clock_move"),
    path("mailbox/<str:name>/", demo.mailbox_mail, name="mailbox_mail"),
]
