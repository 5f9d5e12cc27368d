"""Celery's wiring and timetable. Beat only wakes sweeps; what is due stands in the database."""

import os

from celery import Celery
from django.conf import settings
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "config.transport:Transport"))
app = Celery("practice")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # Redis may be away for a night; the worker waits
    # What a killed worker had taken comes back after the longest task and some: no task runs twice side by side.
    broker_transport_options={
        "visibility_timeout": 600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
    },
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=120,
    task_queues=[Queue("celery"), Queue("mail")],
    task_default_queue="celery",
    task_routes={"reminders.tasks.*": {"queue": "mail"}},
    worker_pool="threads",  # in processes a sweep would not hear that its worker is to stop
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    beat_schedule_filename=str(settings.DATA_DIR / "timetable"),
    beat_schedule={
        # A sweep that waited longer than the next beat is stale: let it expire instead of piling up.
        "send-due": {"task": "reminders.tasks.send_due", "schedule": 5.0, "options": {"expires": 4}},
        "anchor-chain": {"task": "sessions.tasks.anchor_chain", "schedule": 3600.0, "options": {"expires": 3000}},
    },
)
app.autodiscover_tasks()
