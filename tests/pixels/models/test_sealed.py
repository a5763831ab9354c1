"""Encryption at rest: a sealed value opens in its own row, untouched, with its own key, and nowhere else."""

import base64
import os
from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from pixels.messages import error_sentence
from pixels.models import Connection, Credential
from pixels.models.sealed import CannotOpen, seal, unseal
from pixels.outbox import claim, deliver
from pixels.services import connections

AAD = "1/row/credentials"


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def opened() -> list[dict]:
    """All credentials in clear text."""
    rows = [credential.open() for credential in Credential.objects.order_by("pk")]
    return [{name: getattr(value, "reveal", lambda v=value: v)() for name, value in row.items()} for row in rows]


def test_what_was_sealed_opens():
    assert unseal(seal(b"planted", aad=AAD), aad=AAD) == b"planted"


def test_the_same_value_never_looks_the_same_and_is_not_in_there():
    first, second = seal(b"planted", aad=AAD), seal(b"planted", aad=AAD)
    assert first[8:] != second[8:]
    assert b"planted" not in first


@pytest.mark.parametrize("aad", ["2/row/credentials", "1/other/credentials", "1/row/token"])
def test_a_sealed_value_does_not_open_for_another_team_row_or_field(aad):
    with pytest.raises(CannotOpen):
        unseal(seal(b"planted", aad=AAD), aad=aad)


@pytest.mark.parametrize("position", [0, 7, 8, 19, 20, -1])
def test_one_flipped_bit_is_noticed(position):
    sealed = bytearray(seal(b"planted", aad=AAD))
    sealed[position] ^= 1
    with pytest.raises(CannotOpen):
        unseal(bytes(sealed), aad=AAD)


@pytest.mark.parametrize("length", [0, 5, 20, 30])
def test_a_cut_value_is_noticed(length):
    with pytest.raises(CannotOpen):
        unseal(seal(b"planted", aad=AAD)[:length], aad=AAD)


def test_another_key_does_not_open_it(settings):
    sealed = seal(b"planted", aad=AAD)
    settings.CREDENTIAL_KEYS = [key()]
    with pytest.raises(CannotOpen):
        unseal(sealed, aad=AAD)


def test_the_first_key_seals_and_all_open(settings):
    old, new = key(), key()
    settings.CREDENTIAL_KEYS = [old]
    before = seal(b"old", aad=AAD)
    settings.CREDENTIAL_KEYS = [new, old]
    after = seal(b"new", aad=AAD)
    assert (unseal(before, aad=AAD), unseal(after, aad=AAD)) == (b"old", b"new")
    settings.CREDENTIAL_KEYS = [new]
    assert unseal(after, aad=AAD) == b"new"
    with pytest.raises(CannotOpen):
        unseal(before, aad=AAD)


def test_rotation_seals_all_with_the_first_key_and_can_be_run_again(connect, carry_out, sandbox, settings):
    old, new = settings.CREDENTIAL_KEYS[0], key()
    for provider in ("xandr", "pitchtarget"):
        connect(provider)
    carry_out()  # a session token as well
    before = opened()
    settings.CREDENTIAL_KEYS = [new, old]
    for _ in range(2):
        said = StringIO()
        call_command("rotate_credentials", stdout=said)
        assert "Sealed again: 2. Could not be read with any key: 0." in said.getvalue()
    settings.CREDENTIAL_KEYS = [new]
    assert opened() == before
    assert {credential.sealed_token for credential in Credential.objects.all()} == {None}  # soon drawn anew


def test_what_no_key_opens_is_counted_and_left_alone(connect, settings):
    connect("xandr")
    before = bytes(Credential.objects.get().sealed)
    settings.CREDENTIAL_KEYS, said = [key()], StringIO()
    call_command("rotate_credentials", stdout=said)
    assert "Could not be read with any key: 1." in said.getvalue()
    assert bytes(Credential.objects.get().sealed) == before


@pytest.mark.parametrize("keys", [[], [""], ["short"], [base64.b64encode(b"x" * 16).decode()], ["not base64 ~"]])
def test_a_bad_key_is_a_clear_sentence_without_the_key(settings, keys):
    settings.CREDENTIAL_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="CREDENTIAL_KEYS") as error:
        seal(b"planted", aad=AAD)
    assert error.value.__suppress_context__ or error.value.__context__ is None
    assert not any(part and part in str(error.value) for part in keys)


def test_a_ciphertext_copied_into_another_connection_does_not_open(connect):
    mine, other = connect("xandr"), connect("xandr", credentials={"username": "u", "password": "planted"})
    Credential.objects.filter(connection=mine).update(sealed=other.credential.sealed)
    with pytest.raises(CannotOpen):
        Credential.objects.get(connection=mine).open()
    with pytest.raises(CannotOpen):
        swapped = Credential.objects.get(connection=other)
        swapped.sealed_token = swapped.sealed
        swapped.open_token()


def test_with_a_removed_key_nothing_is_sent_and_the_page_says_so(xandr, promise, carry_out, settings, sandbox):
    pixel = promise(xandr)
    settings.CREDENTIAL_KEYS = [key()]
    carry_out()
    pixel.refresh_from_db()
    assert pixel.lifecycle == "queued"
    assert "no longer read" in error_sentence(pixel)
    assert sandbox.ask("GET", "requests")["requests"] == {}
    connection = Connection.objects.get()
    assert connection.test == "refused" and connection.paused_at


def test_without_any_key_nothing_is_sent_and_nothing_becomes_unknown(xandr, promise, settings, sandbox):
    pixel = promise(xandr)
    keys, settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS, []
    [due] = claim.due(1)
    deliver.deliver(due)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "queued"
    settings.CREDENTIAL_KEYS = keys
    pixel.operations.update(not_before=None)
    deliver.deliver(due)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"


def test_a_session_token_is_sealed_and_forgotten_with_its_credentials(xandr, alice, carry_out, sandbox):
    carry_out()
    credential = Credential.objects.get()
    token = credential.open_token().reveal()
    assert len(token) > 10
    assert token.encode() not in bytes(credential.sealed_token)
    connections.replace_credentials(xandr, alice, {"username": "sandbox", "password": "sandbox"})
    assert Credential.objects.get().open_token() is None


def test_a_session_token_that_no_longer_opens_is_fetched_anew(xandr, promise, carry_out, sandbox):
    Credential.objects.update(sealed_token=bytes(60))
    promise(xandr)
    carry_out()
    assert len(sandbox.held("xandr")) == 1
    assert Credential.objects.get().open_token() is not None
