"""Plain records the installer may look after. Nothing clinical, nothing audited, is registered."""

from django.contrib import admin

from practice.models import Closure, Room, Service, WorkingHours

admin.site.register([Room, Service, WorkingHours, Closure])
