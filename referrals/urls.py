"""Addresses of this room."""

app_name = "referrals"

urlpatterns = []
