"""Addresses of this room."""

app_name = "protocols"

urlpatterns = []
