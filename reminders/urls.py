"""Addresses of this room."""

app_name = "reminders"

urlpatterns = []
