"""The only reader of the environment. Secrets may come from NAME_FILE; a missing one stops the start and names itself."""

import ipaddress
import json
import os
import secrets
import socket
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

SHORTEST_SECRET = 32
_throwaway = False


def use_throwaway_secrets() -> None:
    """Let this process run on random secrets of its own: for a command that signs and stores nothing."""
    global _throwaway
    _throwaway = True


def secret(name: str) -> str:
    """Return the secret `name` from the environment, or from the file that NAME_FILE names.

    Raises ImproperlyConfigured, naming the variable, if it is missing, unreadable or shorter than 32 characters.
    After `use_throwaway_secrets` nothing is read and every secret is random.
    """
    if _throwaway:
        return secrets.token_urlsafe(SHORTEST_SECRET)
    if file := os.environ.get(f"{name}_FILE"):
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which cannot be read: {error.strerror}.") from error
    else:
        value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. `make setup` writes a .env with generated secrets.")
    if len(value) < SHORTEST_SECRET:
        raise ImproperlyConfigured(f"{name} is too short: at least {SHORTEST_SECRET} characters are needed.")
    return value


def json_object(name: str) -> dict:
    """Return the variable `name`, or the file that NAME_FILE names, read as one JSON object; empty without either.

    Raises ImproperlyConfigured, naming the variable and never its value, if it is none.
    """
    try:
        file = os.environ.get(f"{name}_FILE")
        found = json.loads(Path(file).read_text(encoding="utf-8") if file else os.environ.get(name) or "{}")
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f'{name} must be one JSON object like {{"POSTMARK_SERVER_TOKEN": "…"}}.')
    return found


def whole_number(name: str, *, default: int, least: int, most: int) -> int:
    """Return the variable `name` as a number from `least` to `most`. Raises ImproperlyConfigured, naming it, if it is none."""
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}, not {text!r}.")
    return int(text)


def network_address() -> tuple[str, int]:
    """Return the host and port the web server listens on: this machine alone, unless HOST says otherwise."""
    return os.environ.get("HOST") or "127.0.0.1", whole_number("PORT", default=8000, least=1, most=65535)


def own_url(host: str, port: int) -> str:
    """Return the address at which a browser reaches `host` and `port`: for "all addresses", this machine's in its network."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104
        host = _address_in_network()
    try:
        if ipaddress.ip_address(host).version == 6:
            host = f"[{host}]"
    except ValueError:
        pass  # a name
    return f"http://{host}:{port}"


def _address_in_network() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # chooses a route; nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"
