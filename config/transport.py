"""Redis as Celery's broker, for a worker that outlives it: `config.celery` names this instead of kombu's own."""

from kombu.transport import redis


class Channel(redis.Channel):
    """Lets go of orders that Redis took with it while they were carried out.

    kombu would give them back, or acknowledge them, over the connection that is lost; the worker dies of it. What is due
    stands in the database, and the timetable gives the next order.
    """

    def close(self):
        """Close, and give orders back only where there is a way to."""
        self.do_restore = getattr(self.connection, "client", None) is not None
        super().close()

    def basic_ack(self, delivery_tag, multiple=False):
        """Acknowledge an order over the connection it came by, or not at all."""
        if not self.closed:
            super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag, requeue=False):
        """Reject an order over the connection it came by, or not at all."""
        if not self.closed:
            super().basic_reject(delivery_tag, requeue)


class Transport(redis.Transport):
    """kombu's own, with such channels."""

    Channel = Channel
