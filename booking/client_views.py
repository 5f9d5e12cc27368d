"""What a client sees by mail link."""

from django.shortcuts import redirect

from practice.access import public


@public
def appointment_open(request, token):
    return redirect("home")


@public
def my_appointment(request, handle):
    return redirect("home")


@public
def my_appointment_confirm(request, handle):
    return redirect("home")


@public
def my_appointment_cancel(request, handle):
    return redirect("home")


@public
def my_appointment_ics(request, handle):
    return redirect("home")
