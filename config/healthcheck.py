"""`python -m config.healthcheck` asks the web server beside it whether it is well; exit status 0 if it is."""

import http.client
import sys

from config.env import network_address


def is_well(port: int) -> bool:
    """Ask as the proxy would, over https, so that the answer is no redirect."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        asking.request("GET", "/healthz", headers={"X-Forwarded-Proto": "https"})
        return asking.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


if __name__ == "__main__":
    sys.exit(0 if is_well(network_address()[1]) else 1)
