"""Credentials that are replaced while a worker uses the old ones: what it learns is not held against the new ones."""

import pytest

from pixels.models import Connection, Credential
from pixels.outbox import deliver
from pixels.services import connections
from tests.pixels.conftest import CREDENTIALS

GOOD = CREDENTIALS["xandr"]
WRONG = GOOD | {"password": "wrong"}


@pytest.fixture
def replaced_meanwhile(alice, meanwhile):
    """Alice replaces the credentials while a worker is about to sign in with the old ones."""

    def run(by):
        meanwhile(
            "xandr",
            "sign_in",
            before=lambda: connections.replace_credentials(Connection.objects.get(), alice, by),
        )

    return run


def test_a_refusal_of_the_old_ones_pauses_nothing(connect, promise, sandbox, replaced_meanwhile, no_wait):
    xandr = connect("xandr", credentials=WRONG)
    pixel = promise(xandr)
    replaced_meanwhile(GOOD)
    deliver.drain(xandr.pk, 60)
    connection = Connection.objects.get()
    assert (connection.paused_at, connection.test) == (None, "testing")
    no_wait()
    deliver.drain(xandr.pk, 60)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"


def test_the_token_of_the_old_ones_is_not_kept(xandr, promise, sandbox, replaced_meanwhile):
    promise(xandr)
    replaced_meanwhile(WRONG)
    deliver.drain(xandr.pk, 60)
    assert Credential.objects.get().sealed_token is None
