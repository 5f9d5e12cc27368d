"""Addresses of the public booking page, short enough to be read out."""

from django.urls import path

from booking import online_views

app_name = "online"

urlpatterns = [
    path("", online_views.book_start, name="book_start"),
    path("link/", online_views.book_link, name="book_link"),
    path("link/sent/", online_views.book_link_sent, name="book_link_sent"),
    path("safety/", online_views.book_safety, name="book_safety"),
    path("stop/", online_views.book_stop, name="book_stop"),
    path("time/", online_views.book_time, name="book_time"),
    path("details/", online_views.book_details, name="book_details"),
    path("held/", online_views.book_held, name="book_held"),
    path("open/<str:token>/", online_views.booking_open, name="booking_open"),
    path("mine/<slug:handle>/", online_views.my_booking, name="my_booking"),
]
