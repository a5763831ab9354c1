"""A web process that dies between the commit and its message (cp1).

`python -m tests.crash.promise WAY CONNECTION PIXEL NAME`
"""

from __future__ import annotations

import os
import signal
import sys
from uuid import UUID

import django

django.setup()

from pixels import crash  # noqa: E402
from pixels.models import Connection  # noqa: E402

from .naive import Naive  # noqa: E402
from .product import Outbox  # noqa: E402


def die(point: str) -> None:
    if point == "cp1":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    way, connection_id, pixel_id, name = sys.argv[1:]
    crash.armed = die
    subject = {"outbox": Outbox, "naive": Naive}[way]()
    subject.create(Connection.objects.get(pk=connection_id), {UUID(pixel_id): name})
