"""What a pixel's page shows and offers in each state, without a browser: the presenters alone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from pixels.models import Operation, Pixel
from pixels.views.pixel_page import pixel_page
from tests.pixels.conftest import OPTIONS
from tests.pixels.said import literal

HOUR = timedelta(hours=1)
MARKED = {"options": {**OPTIONS["xandr"], "code": "shoes-1"}}
LOST = {"lifecycle": "unknown", "error_code": "no_answer", **literal("Xandr did not answer."), **MARKED}
REFUSED = {"error_code": "refused", **literal("Xandr refused it.", "Change what it names.")}
FAILED = {"lifecycle": "failed", **REFUSED}
LIVE = {"lifecycle": "live", "remote_id": "17", "remote_status": "in_sync"}


@pytest.fixture
def page_of(team, xandr, bob, vera):
    """The page of a pixel in this state, with this last operation, as an editor or a viewer sees it."""

    def make(pixel=None, operation=None, connection=None, viewer=False):
        if connection:
            type(xandr).objects.update(**connection)
            xandr.refresh_from_db()
        about = {"name": "Shoes", "options": OPTIONS["xandr"], "created_by": bob} | (pixel or {})
        row = Pixel.objects.create(team=team, connection=xandr, ad_account=xandr.ad_accounts.get(), **about)
        if operation is not None:
            ended = timezone.now() if operation.get("state") in ("failed", "cancelled", "unknown", "done") else None
            values = {"kind": "create", "payload": {"name": "Boots"}, "finished_at": ended} | operation
            created_at = values.pop("created_at", None)
            made = Operation.objects.create(team=team, pixel=row, **values)
            if created_at:
                Operation.objects.filter(pk=made.pk).update(created_at=created_at)
        return pixel_page(row, (vera if viewer else bob).memberships.get(team=team))

    return make


def words(text):
    return re.sub(r"\s+", " ", re.sub(r"<span[^>]*>.*?</span>|<[^>]+>", "", str(text)))


def labels(actions):
    return [action.label for action in actions]


STATES = [
    # (pixel, operation, connection) → title, tone, what a person can do
    ({"lifecycle": "draft"}, {"state": "cancelled"}, None, "Draft: nothing was sent", "waiting", ["Send", "Archive"]),
    (LOST, {"state": "unknown"}, None, "This pixel may or may not exist at Xandr", "unknown", ["Sync now"]),
    ({"lifecycle": "checking"}, {}, None, "Checking whether it was created", "unknown", []),
    (FAILED, {"state": "failed"}, None, "Not created: Xandr refused it.", "failed", ["Retry"]),
    (
        {**LIVE, **REFUSED},
        {"kind": "update", "state": "failed"},
        None,
        "Not changed: Xandr refused it.",
        "failed",
        ["Retry", "Dismiss"],
    ),
    (
        {**LIVE, **REFUSED},
        {"kind": "delete", "state": "failed"},
        None,
        "Not deleted: Xandr refused it.",
        "failed",
        ["Dismiss"],  # a delete is asked for by typing the name, each time
    ),
    ({**LIVE, "remote_status": "gone"}, None, None, "Deleted at Xandr outside PixelHub", "failed", []),
    ({}, {}, {"paused_at": "2026-01-01T00:00Z"}, "Its connection is paused", "needs", ["See connection"]),
    ({}, {}, {"disconnected_at": "2026-01-01T00:00Z"}, "Its connection is disconnected", "needs", ["See connection"]),
]


@pytest.mark.parametrize(("pixel", "operation", "connection", "title", "tone", "ways_out"), STATES)
def test_each_state_has_its_banner(page_of, pixel, operation, connection, title, tone, ways_out):
    [banner] = page_of(pixel, operation, connection).banners
    assert (words(banner.title), banner.tone, labels(banner.actions)) == (title, tone, ways_out)
    assert banner.is_alert == (tone != "waiting")


@pytest.mark.parametrize(("pixel", "operation", "connection"), [row[:3] for row in STATES])
def test_a_viewer_reads_the_same_and_can_only_look(page_of, pixel, operation, connection):
    page = page_of(pixel, operation, connection, viewer=True)
    assert [action for action in page.banners[0].actions if not action.is_link] == []
    assert page.status.actions == () and page.details.websites == ()
    assert "<a href" not in str(page.banners[0].sentences)
    assert page.banners[0].more != "pixels/pixel_resolve.html"


def test_an_archived_pixel_can_only_come_back(page_of):
    page = page_of({**LIVE, "archived_at": timezone.now()})
    [banner] = page.banners
    assert (banner.title, labels(banner.actions), labels(page.status.actions)) == ("Archived", ["Restore"], [])


def test_a_quiet_pixel_has_no_banner_and_every_change(page_of):
    page = page_of({**LIVE, "remote_values": {"name": "Shoes"}})
    assert page.banners == () and page.refresh_every is None and page.status.progress == ""
    assert labels(page.status.actions) == ["Edit", "Deactivate", "Archive", "Delete"]
    assert page.status.reasons == ""


def test_without_a_connection_in_use_changes_are_not_offered_and_the_reason_is_given(page_of):
    page = page_of(LIVE, connection={"paused_at": timezone.now()})
    assert labels(page.status.actions) == ["Archive"]
    assert page.status.reasons == "The connection of this pixel is paused. Its credentials have to work first."
    page = page_of({**FAILED, "name": "Boots"}, {"state": "failed"})
    assert labels(page.banners[0].actions) == []
    assert page.banners[0].sentences[-1] == page.may["retry"].sentence != ""


def test_what_was_refused_at_first_is_not_changed_but_made_anew(page_of):
    """The advice "change what it names" would be useless, as there is nothing to change yet."""
    [created, changed] = (page_of(FAILED, {"state": "failed"}), page_of({**LIVE, **REFUSED}, {"state": "failed"}))
    assert "Change what it names." not in created.banners[0].sentences
    assert "make a new pixel" in words(created.banners[0].sentences)
    assert "Change what it names." in changed.banners[0].sentences


def test_the_link_to_a_new_pixel_carries_what_this_one_has(page_of, xandr):
    page = page_of({"lifecycle": "draft", "name": "A&B <c>"}, {"state": "cancelled"})
    assert f"connection={xandr.pk}&amp;name=A%26B+%3Cc%3E" in page.banners[0].sentences[0]


def test_how_a_lost_pixel_is_found(page_of):
    lost = {"state": "unknown"}
    by_sync = page_of(LOST, lost).banners[0]
    assert by_sync.sentences[1] == "Sync the connection: if Xandr has it, it is attached here."
    assert by_sync.more == "pixels/pixel_resolve.html"
    without_mark = page_of({**LOST, "options": {}}, lost).banners[0]
    assert "only its name tells it" in without_mark.sentences[1] and labels(without_mark.actions) == []
    without_sync = page_of(LOST, lost, {"disconnected_at": timezone.now()}).banners[0]
    assert "by its reference: <code>shoes-1</code>." in without_sync.sentences[1]


@pytest.mark.parametrize(
    ("operation", "connection", "title", "says"),
    [
        (
            {"error_code": "waiting", **literal("Xandr asks us to wait."), "not_before": timezone.now() + HOUR},
            {},
            "Xandr asks us to wait.",
            "Goes on in",
        ),
        ({}, {"down_since": "2026-01-01T10:00Z"}, "Xandr has not been reachable since", "Nothing is lost"),
        (
            {"created_at": timezone.now() - HOUR},
            {"drain_lease_until": timezone.now() + HOUR},
            "In line",
            "Other changes at Xandr come first.",
        ),
    ],
)
def test_why_a_pixel_waits(page_of, operation, connection, title, says):
    [banner] = page_of({}, operation, connection).banners
    assert words(banner.title).startswith(title)
    assert says in words(banner.sentences[0])


def test_an_operation_that_no_worker_takes_for_a_minute_is_late(page_of):
    page = page_of({}, {"created_at": timezone.now() - HOUR})
    assert page.is_late and page.banners == ()


def test_an_error_under_way_is_no_failure_and_says_when_it_is_tried_again(page_of):
    again = timezone.now() + timedelta(seconds=30)
    page = page_of({**REFUSED, "error_code": "no_answer"}, {"not_before": again})
    [banner] = page.banners
    assert (banner.tone, banner.title, banner.actions) == ("needs", "Xandr refused it.", ())
    assert words(banner.sentences[-1]).startswith("Next try in")
    assert page_of({**REFUSED, "lifecycle": "creating"}, {"state": "in_flight"}).banners == ()


def test_what_goes_on_is_said_beside_the_chip(page_of):
    updating = {**LIVE, "lifecycle": "updating"}
    update = {"kind": "update", "payload": {"name": "Boots", "value": 1}}
    assert page_of(updating, update).status.progress == "Sending: name, value"
    assert page_of({**updating, "remote_id": "18"}, update, {"paused_at": timezone.now()}).status.progress == (
        "To be sent: name, value"
    )


def test_a_typed_id_can_be_corrected_until_it_is_confirmed(page_of):
    typed = page_of(LIVE)
    assert typed.unconfirmed_id == "Xandr has not confirmed it yet; the next sync does"
    assert typed.may["confirm_exists"]
    known = page_of({**LIVE, "remote_id": "18", "checked_at": timezone.now()})
    assert known.unconfirmed_id == "" and not known.may["confirm_exists"]
