"""Addresses of this room."""

from django.urls import path

from booking import board_views, client_views, feed_views, offer_views, series_views, views, waitlist_views

app_name = "booking"

urlpatterns = [
    path("", board_views.day_board, name="day_board"),
    path("find/", board_views.board_find, name="board_find"),
    path("appointments/<int:pk>/drop/", board_views.appointment_drop, name="appointment_drop"),
    path("appointments/<int:pk>/undo/", board_views.appointment_undo, name="appointment_undo"),
    path("appointments/new/", views.appointment_create, name="appointment_create"),
    path("appointments/new/slots/", views.appointment_slots, name="appointment_slots"),
    path("appointments/<int:pk>/", views.appointment_detail, name="appointment_detail"),
    path("appointments/<int:pk>/move/", views.appointment_move, name="appointment_move"),
    path("appointments/<int:pk>/cancel/", views.appointment_cancel, name="appointment_cancel"),
    path("appointments/<int:pk>/confirm/", views.appointment_confirm, name="appointment_confirm"),
    path("appointments/<int:pk>/arrive/", views.appointment_arrive, name="appointment_arrive"),
    path("appointments/<int:pk>/no-show/", views.appointment_no_show, name="appointment_no_show"),
    path("appointments/<int:pk>/reopen/", views.appointment_reopen, name="appointment_reopen"),
    path("waitlist/add/", waitlist_views.waitlist_add, name="waitlist_add"),
    path("waitlist/<int:pk>/close/", waitlist_views.waitlist_close, name="waitlist_close"),
    path("calendars/", feed_views.calendar_feeds, name="calendar_feeds"),
    path("calendars/<int:pk>/close/", feed_views.calendar_feed_revoke, name="calendar_feed_revoke"),
    path("calendars/<str:token>.ics", feed_views.calendar_feed, name="calendar_feed"),
    path("waitlist/<int:pk>/offer/", waitlist_views.waitlist_offer, name="waitlist_offer"),
    path("offers/<int:pk>/accept/", waitlist_views.offer_accept, name="offer_accept"),
    path("offers/<int:pk>/decline/", waitlist_views.offer_decline, name="offer_decline"),
    path("offers/<int:pk>/withdraw/", waitlist_views.offer_withdraw, name="offer_withdraw"),
    path("series/new/", series_views.series_create, name="series_create"),
    path("appointments/<int:pk>/cancel-later/", series_views.series_cancel, name="series_cancel"),
    path("offer/open/<str:token>/", offer_views.offer_open, name="offer_open"),
    path("offer/<slug:handle>/", offer_views.my_offer, name="my_offer"),
    path("offer/<slug:handle>/accept/", offer_views.my_offer_accept, name="my_offer_accept"),
    path("offer/<slug:handle>/decline/", offer_views.my_offer_decline, name="my_offer_decline"),
    path("open/<str:token>/", client_views.appointment_open, name="appointment_open"),
    path("visit/<slug:handle>/", client_views.my_appointment, name="my_appointment"),
    path("visit/<slug:handle>/confirm/", client_views.my_appointment_confirm, name="my_appointment_confirm"),
    path("visit/<slug:handle>/accept/", client_views.my_appointment_accept, name="my_appointment_accept"),
    path("visit/<slug:handle>/move/", client_views.my_appointment_move, name="my_appointment_move"),
    path("visit/<slug:handle>/undo/", client_views.my_appointment_undo, name="my_appointment_undo"),
    path("visit/<slug:handle>/again/", client_views.my_appointment_again, name="my_appointment_again"),
    path("visit/<slug:handle>/cancel/", client_views.my_appointment_cancel, name="my_appointment_cancel"),
    path("visit/<slug:handle>/calendar.ics", client_views.my_appointment_ics, name="my_appointment_ics"),
]
