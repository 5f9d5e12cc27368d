"""Addresses of this room: the practice's protocols, and one client's plan under one of them."""

from django.urls import path

from protocols import public_views, views

app_name = "protocols"

urlpatterns = [
    path("", views.protocol_list, name="protocol_list"),
    path("<slug:key>/", views.protocol_detail, name="protocol_detail"),
    path("plans/new/<int:client_id>/", views.plan_create, name="plan_create"),
    path("plans/<int:pk>/", views.plan_detail, name="plan_detail"),
    path("plans/<int:pk>/close/", views.plan_close, name="plan_close"),
    path("plans/<int:pk>/home/", views.home_programme, name="home_programme"),
    path("home/open/<str:token>/", public_views.home_open, name="home_open"),
    path("home/<slug:handle>/", public_views.my_programme, name="my_programme"),
]
