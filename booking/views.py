"""The desk's pages."""

from django.shortcuts import redirect

from practice.access import staff_only


@staff_only
def day_board(request):
    return redirect("home")


@staff_only
def appointment_create(request):
    return redirect("home")


@staff_only
def appointment_slots(request):
    return redirect("home")


@staff_only
def appointment_detail(request, pk):
    return redirect("home")


@staff_only
def appointment_move(request, pk):
    return redirect("home")


@staff_only
def appointment_cancel(request, pk):
    return redirect("home")


@staff_only
def appointment_confirm(request, pk):
    return redirect("home")


@staff_only
def appointment_arrive(request, pk):
    return redirect("home")


@staff_only
def appointment_no_show(request, pk):
    return redirect("home")


@staff_only
def appointment_reopen(request, pk):
    return redirect("home")
