"""Xandr's report says when each pixel last fired, and the pixel's page shows it."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pixels.models import AdAccount, Pixel
from pixels.reconcile import last_fired
from tests.pixels.page import Page


def look() -> None:
    """A function that runs the dispatcher's task for each ad account that is due."""
    for account in last_fired.due(10):
        last_fired.read_last_fired(account)


@pytest.fixture
def two_pixels(xandr, sandbox, live, sync):
    """Two pixels, one of which has fired; their list was read, so the report is due."""
    first, second = live(xandr, "First"), live(xandr, "Second")
    sandbox.ask("POST", "seed", json={"provider": "xandr", "last_fired": {first.remote_id: "2026-11-01 10:00:00"}})
    sync(xandr)
    return first, second


def test_each_pixel_learns_when_it_last_fired_or_that_it_never_did(two_pixels, sandbox, browser_of, vera, at):
    look()
    assert not Pixel.objects.filter(last_fired_report_seen_at__isnull=False).exists()  # ordered, not yet ready
    look()
    look()
    first, second = two_pixels
    for pixel in two_pixels:
        pixel.refresh_from_db()
    assert first.last_fired_at.isoformat() == "2026-11-01T10:00:00+00:00"
    assert (second.last_fired_at, second.last_fired_report_seen_at is None) == (None, False)
    page = Page.of(browser_of(vera).get(at("pixel", second)))
    assert "Last fired never" in page.text


def test_the_next_report_writes_only_what_is_new(two_pixels, sandbox, sync, xandr):
    for _ in range(3):
        look()
    first, second = two_pixels
    before = {pixel.pk: pixel.last_fired_report_seen_at for pixel in Pixel.objects.all()}
    report = {first.remote_id: datetime(2026, 11, 1, 10, tzinfo=UTC), second.remote_id: None}
    account = AdAccount.objects.get()
    with CaptureQueriesContext(connection) as queries:
        last_fired._store(account, report)
    assert not [query["sql"] for query in queries if query["sql"].startswith('UPDATE "pixels_pixel"')]
    last_fired._store(account, report | {second.remote_id: datetime(2026, 11, 2, tzinfo=UTC)})
    second.refresh_from_db()
    assert second.last_fired_at == datetime(2026, 11, 2, tzinfo=UTC)
    assert before == {pixel.pk: pixel.last_fired_report_seen_at for pixel in Pixel.objects.all()}


def test_a_report_is_ordered_once_for_a_list_and_not_again_within_the_hour(two_pixels, sandbox, sync, xandr):
    assert sandbox.asked("xandr", "report") == 0
    for _ in range(5):
        look()
    assert last_fired.due(10) == []
    sync(xandr)
    assert last_fired.due(10) == []
    long_ago = timezone.now() - last_fired.ORDER_EVERY
    AdAccount.objects.update(last_fired_report_asked_at=long_ago, listed_at=long_ago)
    assert last_fired.due(10) == []  # not listed since
    assert sandbox.asked("xandr", "report") == 1
    sync(xandr)
    assert len(last_fired.due(10)) == 1


def test_a_report_that_is_never_ready_is_given_up_and_ordered_anew_later(two_pixels, sandbox, sync, xandr):
    sandbox.switch(xandr_report_polls=1000)
    for _ in range(3):
        look()
    assert len(last_fired.due(10)) == 1
    long_ago = timezone.now() - last_fired.ORDER_EVERY
    AdAccount.objects.update(last_fired_report_asked_at=long_ago, listed_at=long_ago)
    assert last_fired.due(10) == []
    sync(xandr)
    look()
    assert sandbox.asked("xandr", "report") == 2


def test_a_report_that_could_not_be_fetched_is_asked_for_again_and_not_ordered_anew(two_pixels, sandbox):
    look()
    rule = {"provider": "xandr", "operation": "report_status", "fault": "status", "code": 500}
    sandbox.ask("POST", "faults", json=rule)
    for _ in range(4):
        look()
    assert Pixel.objects.filter(last_fired_report_seen_at__isnull=False).count() == 2
    assert sandbox.asked("xandr", "report") == 1


def test_a_report_that_fails_changes_nothing(two_pixels, xandr, alice):
    xandr.credential.put({"username": "sandbox", "password": "wrong"}, alice)
    xandr.credential.save()
    look()
    assert not Pixel.objects.filter(last_fired_report_seen_at__isnull=False).exists()


def test_without_a_report_the_page_does_not_mention_last_fires(xandr, sandbox, live, browser_of, vera, at):
    pixel = live(xandr)
    assert "Last fired" not in Page.of(browser_of(vera).get(at("pixel", pixel))).text


def test_other_providers_are_not_asked(pitchtarget, sandbox, live, sync):
    live(pitchtarget)
    sync(pitchtarget)
    assert last_fired.due(10) == []
