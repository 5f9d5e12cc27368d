"""Addresses of this room."""

app_name = "booking"

urlpatterns = []
