"""Meta's access token for server-side events: typed once, stored sealed, sent to Easyflow, never shown again."""

import hashlib

import pytest
from django.core.management import call_command
from django.db import connection as database

from pixels.messages import error_sentence
from pixels.models import Operation, Pixel, PixelSecrets
from pixels.models.sealed import CannotOpen
from pixels.outbox import deliver
from pixels.services import connections, pixels
from tests.pixels.page import Page

TOKEN = "EAAB-planted-capi-token-0001"
OTHER = "EAAB-planted-capi-token-0002"


@pytest.fixture
def bobs(browser_of, bob):
    return browser_of(bob)


@pytest.fixture
def create(bobs, at, easyflow, sandbox):
    def make(**typed):
        form = Page.of(bobs.get(at("pixel_new"))).form_with("platform").values
        values = form | {"name": "Shop", "events": ["purchase-completed"], "platform": "meta", "code": "123"}
        return bobs.post(at("pixel_new"), values | {"capi_access_token": TOKEN} | typed)

    return make


def arrived(sandbox) -> list[str]:
    """The start of the hash of each token that the sandbox received."""
    return [held.get("serverSideMetadata", {}).get("capi-access-token", "") for held in sandbox.held("easyflow")]


def mark(token: str) -> str:
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()[:16]}"


def everything() -> str:
    whole = ""
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            whole += repr(cursor.fetchall())
    return whole


def test_the_token_is_sent_and_stored_nowhere_in_clear_text(create, bobs, at, carry_out, sandbox, caplog):
    caplog.set_level("DEBUG")
    assert create().status_code == 302
    pixel = Pixel.objects.get()
    assert TOKEN not in everything()
    assert Operation.objects.get().secrets == ["capi_access_token"]
    carry_out()
    assert arrived(sandbox) == [mark(TOKEN)]
    assert TOKEN not in everything() + caplog.text
    for page in ("pixel", "pixel_edit"):
        assert TOKEN not in bobs.get(at(page, pixel)).content.decode()
    assert "Conversions API token set" in Page.of(bobs.get(at("pixel", pixel))).text
    # Easyflow has it, so nothing here keeps it.
    assert (bytes(PixelSecrets.objects.get().sealed), PixelSecrets.objects.get().names) == (b"", ["capi_access_token"])


def test_a_form_with_an_error_does_not_show_the_token_and_says_so(create):
    response = create(name="")
    assert response.status_code == 200
    page = Page.of(response)
    assert TOKEN not in page.html
    assert "type them again" in page.text


def test_a_new_token_replaces_the_old_one_and_an_empty_field_changes_nothing(create, bobs, at, carry_out, sandbox):
    create()
    carry_out()
    pixel = Pixel.objects.get()
    form = Page.of(bobs.get(at("pixel_edit", pixel))).form_with("version").values
    assert form.get("capi_access_token", [""]) == [""]
    bobs.post(at("pixel_edit", pixel), form)
    assert Operation.objects.count() == 1  # nothing was changed, so nothing was sent
    bobs.post(at("pixel_edit", pixel), form | {"capi_access_token": OTHER})
    carry_out()
    assert arrived(sandbox) == [mark(OTHER)]
    assert OTHER not in everything()


def test_a_failed_create_is_sent_again_with_its_token(create, bobs, at, carry_out, sandbox, settings, free_address):
    create()
    pixel, operation = Pixel.objects.get(), Operation.objects.get()
    Operation.objects.filter(pk=operation.pk).update(payload={**operation.payload, "name": ""})
    deliver.deliver(operation.pk)
    pixel.refresh_from_db()
    assert pixel.lifecycle == "failed"
    pixels.retry(pixel, None)
    again = Operation.objects.exclude(pk=operation.pk).get()
    assert again.secrets == ["capi_access_token"]


def test_disconnecting_deletes_the_token_even_if_it_was_never_sent(create, easyflow, alice, sandbox):
    create()
    connections.disconnect(easyflow, alice)
    assert bytes(PixelSecrets.objects.get().sealed) == b""


def test_a_token_that_cannot_be_opened_any_more_is_not_sent(create, carry_out, sandbox):
    create()
    PixelSecrets.objects.update(sealed=b"not ours")
    carry_out()
    pixel = Pixel.objects.get()
    assert pixel.lifecycle == "failed"
    assert "no longer read" in error_sentence(pixel)
    assert sandbox.asked("easyflow", "create") == 0


def test_without_the_key_a_token_waits_like_everything_of_its_connection(create, carry_out, sandbox, settings):
    create()
    settings.CREDENTIAL_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    carry_out()
    pixel = Pixel.objects.get()
    assert pixel.lifecycle == "queued"
    assert pixel.connection.paused_at
    assert sandbox.asked("easyflow", "create") == 0


def test_the_keys_rotate_with_those_of_the_credentials(create, settings, sandbox):
    create()
    old, new = settings.CREDENTIAL_KEYS[0], "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    settings.CREDENTIAL_KEYS = [new, old]
    call_command("rotate_credentials")
    settings.CREDENTIAL_KEYS = [new]
    row = PixelSecrets.objects.get()
    assert row.open(row.names)["capi_access_token"].reveal() == TOKEN
    settings.CREDENTIAL_KEYS = [old]
    with pytest.raises(CannotOpen):
        row.open(row.names)
