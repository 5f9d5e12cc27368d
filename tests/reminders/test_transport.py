"""The worker's line to Redis: when Redis goes while an order is carried out, the worker lets go of the order and waits."""

import subprocess

import pytest
from kombu.transport import redis

from config import broker, transport
from config.celery import app
from tests.reminders.sink import wait_until

pytestmark = pytest.mark.one_database
SECONDS = 20


@pytest.fixture
def socket(tmp_path):
    return broker.socket_path(tmp_path)


@pytest.fixture
def server(socket):
    """A broker that can be killed."""
    server = subprocess.Popen(broker.command(broker.server_binary(), socket), stdout=subprocess.DEVNULL)
    assert wait_until(socket.exists, SECONDS)
    yield server
    server.kill()
    server.wait()


def lose_redis_with_an_order_in_hand(server, socket):
    """Take an order, lose Redis, and close as Celery's worker does, the transport before the channel; return the order."""
    line = app.connection_for_read(f"redis+socket://{socket}")
    orders = line.SimpleQueue("orders")
    orders.put("send what is due")
    order = orders.get(timeout=SECONDS)
    server.kill()
    server.wait()
    order.channel.connection.client = None
    order.channel.close()
    return order


def test_order_in_hand_when_redis_goes_is_let_go_of(server, socket):
    order = lose_redis_with_an_order_in_hand(server, socket)

    order.ack()

    assert isinstance(order.channel, transport.Channel)


def test_closing_kombus_way_kills_the_worker(server, socket, monkeypatch):
    """The negative control: once this fails, `config.transport` can go."""
    monkeypatch.setattr(transport.Channel, "close", redis.Channel.close)

    with pytest.raises(AttributeError):
        lose_redis_with_an_order_in_hand(server, socket)


def test_order_is_given_back_while_redis_is_there(server, socket):
    with app.connection_for_read(f"redis+socket://{socket}") as line:
        orders = line.SimpleQueue("orders")
        orders.put("send what is due")
        orders.get(timeout=SECONDS)
        orders.channel.close()

    with app.connection_for_read(f"redis+socket://{socket}") as line:
        assert line.SimpleQueue("orders").get(timeout=SECONDS).payload == "send what is due"
