"""A pull finds an object made by a create whose answer was lost or has not come yet: the object gets no second row."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pixels.models import Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.providers.values import AdAccountRef
from pixels.services import connections, pixels
from tests.pixels.elsewhere import at_pitchtarget, at_xandr


@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
def test_an_object_of_an_unknown_pixel_is_linked_to_it(connect, promise, sandbox, sync, provider):
    connection = connect(provider)
    options = {"code": "my own"} if provider == "xandr" else {}
    pixel = promise(connection, "Lost", options=options)
    lost = {"provider": provider, "operation": "create", "fault": "drop"}
    away = [lost | {"operation": operation, "count": None} for operation in ("list", "read")]
    sandbox.ask("POST", "faults", json=[lost])
    deliver.deliver(claim.due(1)[0])
    # A day of look-ups has found nothing.
    sandbox.ask("POST", "faults", json=away)
    Operation.objects.update(trying_since=timezone.now() - timedelta(days=2), not_before=None)
    deliver.deliver(claim.due(1)[0])
    sandbox.ask("DELETE", "faults")
    pixel.refresh_from_db()
    assert pixel.lifecycle == "unknown"
    if provider == "xandr":
        sandbox.seed("xandr", [at_xandr(77, "Lost", code="my own", pixel_conversion_event_id=7)])
    else:
        sandbox.seed("pitchtarget", [at_pitchtarget("77", "Lost", tag="checkout")], ad_account="9")
    run = sync(connection)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id, pixel.error_code) == ("live", "77", "")
    assert (run.created, run.updated) == (0, 1)
    assert Pixel.objects.count() == 1
    assert Operation.objects.get().state == "done"
    assert pixel.snippets.exists()


def test_an_object_is_recognised_by_the_reference_in_its_code(xandr, promise, sandbox, sync):
    pixel = promise(xandr)
    Pixel.objects.update(lifecycle="unknown")
    Operation.objects.update(state="unknown", finished_at=timezone.now())
    sandbox.seed("xandr", [at_xandr(77, code=pixel.reference)])
    sync(xandr)
    assert Pixel.objects.get().remote_id == "77"


@pytest.mark.parametrize("lifecycle", ["queued", "failed", "draft"])
def test_an_object_with_a_pixels_reference_is_linked_to_that_pixel(xandr, promise, sandbox, sync, carry_out, lifecycle):
    """The create was sent after all, whatever the pixel's state says: link the object, and send nothing again."""
    pixel = promise(xandr)
    if lifecycle != "queued":
        Operation.objects.update(state="failed" if lifecycle == "failed" else "cancelled", finished_at=timezone.now())
        Pixel.objects.update(lifecycle=lifecycle)
    sandbox.seed("xandr", [at_xandr(77, code=pixel.reference)])
    assert sync(xandr).created == 0
    pixel = Pixel.objects.get()
    assert (pixel.lifecycle, pixel.remote_id) == ("live", "77")
    carry_out()
    assert not Operation.objects.open().exists()
    assert sandbox.asked("xandr", "create") == 0


def test_an_archived_unknown_pixel_gets_its_object_all_the_same(pitchtarget, promise, alice, sandbox, sync):
    pixel = promise(pitchtarget, "Lost")
    Pixel.objects.update(lifecycle="unknown")
    Operation.objects.update(state="unknown", finished_at=timezone.now())
    pixels.archive_pixel(pixel, alice)
    sandbox.seed("pitchtarget", [at_pitchtarget("77", "Lost")], ad_account="9")
    sync(pitchtarget)
    assert Pixel.objects.get().remote_id == "77"


@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
def test_an_object_of_one_still_creating_makes_no_second_row(connect, promise, sandbox, sync, meanwhile, provider):
    connection = connect(provider)
    pixel = promise(connection, options={"code": "mine"} if provider == "xandr" else {})

    def listed():
        run = sync(connection)
        assert (run.state, run.seen) == ("done", 1)
        assert Pixel.objects.get().lifecycle == "creating"

    meanwhile(provider, "create_pixel", after=listed)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert pixel.lifecycle == "live"
    assert Pixel.objects.count() == 1


def test_an_object_without_a_code_that_a_sync_adopted_is_merged_into_its_pixel(
    xandr, promise, sandbox, sync, meanwhile, team
):
    """Without a code a list cannot tell that the object is ours, but the answer to the create can."""
    pixel = promise(xandr)

    def listed():
        assert sync(xandr).created == 1
        adopted = Pixel.objects.exclude(pk=pixel.pk).get()
        pixels.set_website(adopted, None, team.websites.create(name="Shop", url="https://shop.example"))

    meanwhile("xandr", "create_pixel", after=listed)
    deliver.deliver(claim.due(1)[0])
    merged = Pixel.objects.get()
    assert (merged.pk, merged.lifecycle, merged.website.name) == (pixel.pk, "live", "Shop")
    assert sync(xandr).unchanged == 1


def test_an_adopted_row_that_people_have_changed_stays_and_the_pixel_reports_it(
    xandr, promise, bob, sandbox, sync, meanwhile
):
    pixel = promise(xandr)

    def listed_and_changed():
        assert sync(xandr).created == 1
        pixels.change_pixel(Pixel.objects.exclude(pk=pixel.pk).get(), bob, {"name": "Changed"})

    meanwhile("xandr", "create_pixel", after=listed_and_changed)
    deliver.deliver(claim.due(1)[0])
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id, pixel.error_code) == ("unknown", "", "duplicate")
    assert Pixel.objects.count() == 2
    assert Operation.objects.open().get().pixel_id != pixel.pk


def test_an_object_that_existed_before_the_create_is_not_linked(xandr, promise, sandbox, sync):
    sandbox.seed("xandr", [at_xandr(700, "Theirs", code="shared")])
    pixel = promise(xandr, options={"code": "shared"})
    sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": "create", "fault": "drop"})
    deliver.deliver(claim.due(1)[0])
    Operation.objects.update(state="unknown", finished_at=timezone.now())
    Pixel.objects.update(lifecycle="unknown")
    assert sync(xandr).created == 1
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_id) == ("unknown", "")


def test_an_object_of_another_ad_account_is_not_linked(alice, pitchtarget, promise, sandbox, sync):
    connections.add_ad_accounts(pitchtarget, alice, [AdAccountRef(id="8")])
    promise(pitchtarget, "Same")
    Pixel.objects.update(lifecycle="unknown")
    Operation.objects.update(state="unknown", finished_at=timezone.now())
    sandbox.seed("pitchtarget", [at_pitchtarget("77", "Same")], ad_account="8")
    sync(pitchtarget)
    assert Pixel.objects.count() == 2
    assert Pixel.objects.get(lifecycle="unknown").remote_id == ""
