"""Ten points that hold for every provider in PROVIDERS, and so for the next one.

They are tested through services, syncs and pages, with the sandbox as the provider. If a provider lacks what a point is
about, the point is that nothing claims otherwise. The tenth, a recorded conversation, is in test_transcripts.py.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from accounts.services import RuleViolation
from pixels import rules, snippets
from pixels.messages import connection_sentence
from pixels.models import AdAccount, Connection, Operation, Pixel
from pixels.providers.errors import NotFound
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import Capability
from pixels.providers.xandr.mapping import time_text
from pixels.reconcile.compare import differing
from pixels.services import pixels
from tests.pixels.conftest import AD_ACCOUNTS, Sandbox
from tests.pixels.contract import (
    CALLS,
    CASES,
    LIST_ON,
    OF_A_CONNECTION,
    OF_A_PIXEL,
    REMOTE_CHANGES,
    SIGN_INS,
    Subject,
    slug_of,
)
from tests.pixels.page import Page


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, settings: Any) -> str:
    settings.EASYFLOW_LIST = request.param == LIST_ON
    return str(request.param)


@pytest.fixture
def subject(case: str, sandbox: Sandbox, connect: Callable[..., Connection]) -> Subject:
    return Subject(slug_of(case), sandbox, connect, case == LIST_ON)


def values(*rows: Pixel) -> list[dict[str, Any]]:
    """All of it but the hash, by which the next sync knows an object that is as it was."""
    names = [field.attname for field in Pixel._meta.concrete_fields if field.name != "remote_hash"]
    return list(Pixel.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk").values(*names))


# 1


@pytest.mark.parametrize(("case", "credentials"), SIGN_INS, indirect=["case"])
def test_1_good_credentials_connect_and_of_bad_ones_the_field_is_named(
    case, credentials, sandbox, browser_of, alice, at, carry_out, promise
):
    slug = slug_of(case)
    sandbox.switch(easyflow_list=case == LIST_ON)
    provider, account, browser = PROVIDERS[slug], AD_ACCOUNTS[slug], browser_of(alice)
    labels = {name: str(field.label).lower() for name, field in provider.connection_form.base_fields.items()}

    def added(typed: dict[str, str]) -> Connection:
        place = {"ad_account": account.id, "ad_account_code": account.code or ""}
        values = {"provider": slug, "environment": "sandbox", **typed, **place}
        response = browser.post(at("connection_new"), values)
        assert response.status_code == 302, response.context["form"].errors
        carry_out()
        return Connection.objects.order_by("-created_at")[0]

    good = added(credentials)
    if provider.can("check_credentials"):
        assert (good.test, connection_sentence(good)) == ("works", "")
    else:
        assert (good.test, connection_sentence(good)) == ("untestable", provider.missing["check_credentials"])
    bad = [(name, {**credentials, name: "wrong"}) for name in sorted(credentials.keys() - {"way"})]
    for name, typed in bad:
        connection = added(typed)
        if not provider.can("check_credentials"):
            pixel = promise(connection)
            carry_out()
            pixel.refresh_from_db()
            connection.refresh_from_db()
            assert (pixel.lifecycle, pixel.error_code) == ("queued", "bad_credentials")
            assert connection.paused_at
        assert connection.test == "refused"
        assert labels[name] in connection_sentence(connection).lower()
        assert f"Refused: {connection_sentence(connection)}" in Page.of(browser.get(at("connection", connection))).text


# 2


def test_2_what_was_created_reads_back_without_a_difference(subject, live, sync):
    name = "Shoes & <more> é"
    if rules.name_errors(subject.provider, name):  # signs that this provider does not take
        name = "Shoes & more é"
    pixel = live(subject.connection, name)
    seen = "in_sync" if subject.provider.can("read") else "unverifiable"
    assert (pixel.remote_status, pixel.drift, pixel.snippets.exists()) == (seen, [], True)
    [held] = subject.held().values()
    assert (str(held["id"]), held["name"]) == (pixel.remote_id, pixel.name)
    if not subject.cannot("read", lambda provider, account: provider.read_pixel(account, pixel.remote_id)):
        assert subject.ask(lambda provider, account: provider.read_pixel(account, pixel.remote_id)).name == pixel.name
    if not subject.cannot_list():
        assert (sync(subject.connection).updated, len(subject.held())) == (0, 1)
        pixel.refresh_from_db()
        assert (pixel.remote_status, pixel.drift) == ("in_sync", [])


# 3


def test_3_the_import_of_the_same_object_is_the_same_row(subject, live, sync):
    if subject.cannot_list():
        return
    ours = live(subject.connection, "Ours")
    run = sync(subject.connection)
    assert (run.created, Pixel.objects.get().pk) == (0, ours.pk)

    Pixel.objects.all().delete()  # as if it had been made elsewhere
    assert sync(subject.connection).created == 1
    theirs = Pixel.objects.get()
    assert theirs.remote_id == ours.remote_id
    assert differing(theirs, ours.local_values) == []
    assert snippets.shown(theirs) != []

    assert sync(subject.connection).created == 0
    assert Pixel.objects.get().pk == theirs.pk


# 4


def test_4_only_what_changed_at_the_provider_differs(subject, live, sync, browser_of, vera, at):
    if subject.cannot_list():
        return
    pixel, other = live(subject.connection, "Ours"), live(subject.connection, "Other")
    sync(subject.connection)
    held, untouched, ours = subject.held()[pixel.remote_id], values(other), pixel.local_values
    assert {field for _, _, field in REMOTE_CHANGES[subject.slug]} - {None} == set(ours)  # each is tried
    for their_field, value, our_field in REMOTE_CHANGES[subject.slug]:
        subject.put({**held, their_field: value})
        sync(subject.connection)
        pixel.refresh_from_db()
        wanted = [our_field] if our_field else []
        assert (their_field, pixel.drift, pixel.remote_status) == (
            their_field,
            wanted,
            "drifted" if wanted else "in_sync",
        )
        assert (pixel.local_values, pixel.lifecycle) == (ours, "live")
        page = Page.of(browser_of(vera).get(at("pixel", pixel))).text
        assert (f"Differs at {subject.provider.label}" in page) is bool(wanted)

        subject.put(held)
        sync(subject.connection)
        pixel.refresh_from_db()
        assert (pixel.drift, pixel.remote_status) == ([], "in_sync")
    assert values(other) == untouched


# 5


def test_5_what_was_deleted_at_the_provider_is_absent_and_nothing_else_changes(subject, live, sync):
    if subject.cannot_list():
        return
    pixel, other = live(subject.connection, "Ours"), live(subject.connection, "Other")
    sync(subject.connection)
    held, untouched, before = subject.held()[pixel.remote_id], values(other), values(pixel)
    subject.remove(pixel.remote_id)
    run = sync(subject.connection)
    assert (run.state, run.missing) == ("done", 1)
    with pytest.raises(NotFound):
        subject.ask(lambda provider, account: provider.read_pixel(account, pixel.remote_id))
    pixel.refresh_from_db()
    assert pixel.absent_at
    assert values(pixel) == [{**before[0], "remote_status": "absent", "absent_at": pixel.absent_at}]
    assert values(other) == untouched

    subject.put(held)
    assert sync(subject.connection).missing == 0
    pixel.refresh_from_db()
    assert pixel.remote_status == "in_sync"


# 6


def test_6_of_two_reads_in_a_row_the_second_writes_no_row(subject, live, sync):
    if subject.cannot_list():
        return
    pixel = live(subject.connection, "Ours")
    held = subject.held()[pixel.remote_id]
    subject.put(*({**held, "id": str(number), "name": f"Theirs {number}"} for number in range(1, 31)))
    assert sync(subject.connection).created == 30
    before = list(Pixel.objects.order_by("pk").values())
    with CaptureQueriesContext(database) as queries:
        run = sync(subject.connection)
    assert (run.state, run.created, run.updated, run.unchanged) == ("done", 0, 0, 31)
    written = [one["sql"] for one in queries if one["sql"].split(" ")[0] in ("INSERT", "UPDATE", "DELETE")]
    assert [sql for sql in written if "pixels_pixel" in sql or "pixels_snippet" in sql] == []
    assert list(Pixel.objects.order_by("pk").values()) == before


# 7

FUTURE, ANCIENT = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), datetime(1000, 1, 1, tzinfo=UTC)
EAST, WEST = timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))


def test_7_a_cursor_out_of_time_neither_breaks_nor_loses_anything(subject, live, sync):
    pixel = live(subject.connection, "Ours")

    def since(moment: datetime) -> list[str]:
        pages = subject.ask(lambda provider, account: list(provider.list_pixels(account, changed_since=moment)))
        return [pixel.remote_id for page in pages for pixel in page.pixels]

    if subject.cannot_list():
        return
    # Only who heeds the moment leaves out what did not change since; nobody leaves out what did.
    heeds = subject.provider.can("changed_since")
    for moment in (FUTURE, FUTURE.replace(tzinfo=WEST)):
        assert since(moment) == ([] if heeds else [pixel.remote_id])
    for moment in (ANCIENT, datetime(1970, 1, 1, tzinfo=EAST)):
        assert since(moment) == [pixel.remote_id]
    before = values(pixel)
    for listed_at in (FUTURE.replace(year=9990), ANCIENT):
        AdAccount.objects.update(listed_at=listed_at)
        assert sync(subject.connection).state == "done"
        assert values(pixel) == [{**before[0], "remote_status": "in_sync"}]


def test_7_every_moment_of_the_calendar_can_be_said_to_xandr():
    said = {time_text(moment) for moment in (datetime.min.replace(tzinfo=zone) for zone in (UTC, EAST))}
    assert said == {"0001-01-01 00:00:00"}
    assert time_text(datetime.max.replace(tzinfo=WEST)) == "9999-12-31 23:59:59"
    assert time_text(datetime(2026, 1, 2, 3, 4, 5, 999999, tzinfo=EAST)) == "2026-01-01 13:04:05"


# 8


def test_8_what_is_deleted_is_absent_and_deleting_it_again_is_no_error(subject, live, sync, carry_out, bob):
    pixel = live(subject.connection, "Ours")
    if subject.cannot("delete", lambda provider, account: provider.delete_pixel(account, pixel.remote_id)):
        with pytest.raises(RuleViolation, match=re.escape(str(subject.provider.missing["delete"]))):
            pixels.delete_pixel(pixel, bob)
        assert (list(subject.held()), Operation.objects.filter(kind="delete").count()) == ([pixel.remote_id], 0)
        return
    other = live(subject.connection, "Gone already")
    subject.remove(other.remote_id)
    for row in (pixel, other):
        pixels.delete_pixel(row, bob)
        carry_out()
        row.refresh_from_db()
        assert (row.lifecycle, row.remote_status, row.error_code) == ("deleted", "gone", "")
    assert subject.held() == {}
    subject.ask(lambda provider, account: provider.delete_pixel(account, pixel.remote_id))
    with pytest.raises(NotFound):
        subject.ask(lambda provider, account: provider.read_pixel(account, pixel.remote_id))
    run = sync(subject.connection)
    assert (run.created, run.missing, Pixel.objects.count()) == (0, 0, 2)


def test_8_an_archived_pixel_is_hidden_here_and_stays_at_the_provider(subject, live, bob, browser_of, at):
    pixel = live(subject.connection, "Ours")
    asked = subject.sandbox.ask("GET", "requests")
    for _ in range(2):
        pixels.archive_pixel(pixel, bob)
        assert "Ours" not in Page.of(browser_of(bob).get(at("pixel_list"))).text
    assert list(subject.held()) == [pixel.remote_id]
    assert subject.sandbox.ask("GET", "requests") == asked


# 9


def test_9_what_a_provider_cannot_do_says_so_and_sends_nothing(subject):
    # changed_since is no call of its own: point 7.
    assert {*CALLS, "create", "changed_since"} == set(get_args(Capability)) - {"one_event_per_pixel", "name_unique"}
    lacking = {capability for capability, call in CALLS.items() if subject.cannot(capability, call)}
    assert lacking == CALLS.keys() - subject.provider.capabilities


def test_9_the_screens_offer_what_a_provider_can_and_nothing_else(subject, live, carry_out, browser_of, alice, at):
    browser, connection = browser_of(alice), subject.connection
    pixel = live(connection, "Ours")
    carry_out()
    page = Page.of(browser.get(at("pixel", pixel)))
    for capability, (name, _) in OF_A_PIXEL.items():
        assert (f'"{at(name, pixel)}"' in page.html) is subject.provider.can(capability), capability
        assert str(subject.provider.missing.get(capability, "")) in page.text
    assert ("Deactivate" in page.text) is subject.provider.can("activate")
    assert "Last fired" not in page.text  # nobody was asked for it
    page = Page.of(browser.get(at("connection", connection)))
    for capability, name in OF_A_CONNECTION.items():
        assert (f'"{at(name, connection)}"' in page.html) is subject.provider.can(capability), capability
        assert str(subject.provider.missing.get(capability, "")) in page.text
    page = Page.of(browser.get(at("ad_account_new", connection)))
    assert ("Add picked" in page.text) is subject.provider.can("ad_accounts")


def test_9_a_request_for_a_missing_capability_is_refused_with_the_reason(
    subject, live, carry_out, browser_of, alice, at
):
    browser, connection = browser_of(alice), subject.connection
    pixel = live(connection, "Ours")
    carry_out()
    before = subject.sandbox.ask("GET", "requests"), values(pixel), Operation.objects.count()
    addresses = {capability: (at(name, pixel), data) for capability, (name, data) in OF_A_PIXEL.items()}
    addresses |= {capability: (at(name, connection), {}) for capability, name in OF_A_CONNECTION.items()}
    for capability in addresses.keys() - subject.provider.capabilities:
        address, data = addresses[capability]
        browser.post(address, data)
        carry_out()
        place = at("pixel", pixel) if capability in OF_A_PIXEL else at("connection", connection)
        answer = browser.get(place)
        assert str(subject.provider.missing[capability]) in Page.of(answer).text
    assert (subject.sandbox.ask("GET", "requests"), values(pixel), Operation.objects.count()) == before
