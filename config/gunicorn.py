"""How the web server runs, on one machine and in a container alike: `gunicorn --config python:config.gunicorn config.wsgi`."""

import gc
from pathlib import Path

from config.env import network_address, whole_number

_host, _port = network_address()
bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
worker_class = "gthread"
workers = whole_number("WEB_WORKERS", default=2, least=1, most=64)
threads = 4
timeout = 60
graceful_timeout = 5
keepalive = 5
loglevel = "warning"
accesslog = None  # addresses and paths of clients stay out of logs
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # the heartbeat file must not wait for a disk


def post_worker_init(worker):
    """Leave what is loaded by now out of the collector's rounds: it stays to the end, and each round would walk through it."""
    gc.collect()
    gc.freeze()
