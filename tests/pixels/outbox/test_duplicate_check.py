"""A create that was sent more than once is checked again later: its first request may take effect late."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Activity
from pixels import tasks
from pixels.messages import error_sentence
from pixels.models import Operation, Pixel
from pixels.outbox import deliver, duplicate_check
from pixels.services import connections, pixels
from tests.pixels.conftest import dies
from tests.pixels.held_up import HeldUpRows
from tests.pixels.page import Page

TEN_MINUTES, A_DAY = 600, 86400


@pytest.fixture
def fault(sandbox):
    def set_fault(operation, name, **more):
        sandbox.ask("POST", "faults", json={"provider": "xandr", "operation": operation, "fault": name, **more})

    yield set_fault
    sandbox.ask("DELETE", "faults")


@pytest.fixture
def sent_twice(xandr, promise, fault, time, settings):
    """A create whose first answer was lost, that was provably absent, and was sent again. Its code: ours, or the
    user's own."""
    settings.DUPLICATE_CHECKS = [TEN_MINUTES, A_DAY]

    def make(code=""):
        pk = Pixel().pk
        pixel = promise(xandr, id=pk, options={"code": code or f"ph-{pk}"})
        fault("create", "drop", effect=False)
        deliver.drain(xandr.pk, 60)
        time.pass_by(settings.QUIET_TIME + 1)
        deliver.drain(xandr.pk, 60)
        pixel.refresh_from_db()
        assert (pixel.lifecycle, Operation.objects.get(pixel=pixel).sends) == ("live", 2)
        return pixel

    return make


@pytest.fixture
def comes_in_late(sandbox):
    """A function that lets the first request take effect: a second object with the same code. Returns its id."""

    def make(pixel):
        [held] = [one for one in sandbox.held("xandr") if str(one["id"]) == pixel.remote_id]
        sandbox.seed("xandr", [held | {"id": held["id"] + 7}])
        return str(held["id"] + 7)

    return make


@pytest.fixture
def look():
    def run():
        found = duplicate_check.due(10)
        for operation in found:
            duplicate_check.check(operation)
        return len(found)

    return run


@pytest.mark.parametrize("code", ["", "my own code"])
def test_a_second_object_is_found_after_ten_minutes_and_reported(
    sent_twice, comes_in_late, time, look, sandbox, browser_of, bob, at, code
):
    pixel = sent_twice(code)
    second_id = comes_in_late(pixel)
    assert look() == 0
    time.pass_by(TEN_MINUTES + 1)
    assert look() == 1
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, pixel.error_code) == ("live", "duplicate", "duplicate")
    text = Page.of(browser_of(bob).get(at("pixel", pixel))).text
    assert f"Xandr holds this pixel more than once: as {pixel.remote_id}, {second_id}." in text
    assert len(sandbox.held("xandr")) == 2  # PixelHub itself deletes nothing
    assert sandbox.asked("xandr", "delete") == 0


def test_a_second_object_that_appears_hours_later_is_found_by_the_last_check(sent_twice, comes_in_late, time, look):
    pixel = sent_twice()
    time.pass_by(TEN_MINUTES + 1)
    assert look() == 1
    comes_in_late(pixel)
    time.pass_by(A_DAY - 2 * TEN_MINUTES)
    assert look() == 0
    time.pass_by(TEN_MINUTES + 60)
    assert look() == 1
    pixel.refresh_from_db()
    assert pixel.remote_status == "duplicate"
    time.pass_by(30 * A_DAY)
    assert look() == 0  # and that was the last


def test_a_duplicate_check_that_finds_one_object_reports_nothing(sent_twice, time, look):
    pixel = sent_twice()
    before = Activity.objects.count()
    for wait in (TEN_MINUTES + 1, A_DAY):
        time.pass_by(wait)
        assert look() == 1
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("in_sync", "")
    assert Activity.objects.count() == before


def test_a_create_that_was_sent_once_is_not_checked_again(xandr, live, promise, fault, time, settings, look):
    live(xandr, "Without a doubt")
    promise(xandr, "Found after a lost answer", options={"code": "found"})
    fault("create", "drop", effect=True)
    deliver.drain(xandr.pk, 60)
    time.pass_by(settings.QUIET_TIME + 1)
    deliver.drain(xandr.pk, 60)
    assert set(Pixel.objects.values_list("lifecycle", flat=True)) == {"live"}
    time.pass_by(2 * A_DAY)
    assert look() == 0


@pytest.mark.parametrize("signed_in", [False, True])
def test_a_create_whose_first_request_never_left_is_not_checked_again(
    xandr, live, promise, sandbox, settings, free_address, time, look, signed_in
):
    """The worker is signed in and marks the operation as sent before the connection is refused."""
    if signed_in:
        live(xandr, "Signs in", options={"code": "first"})
    promise(xandr)
    here, settings.SANDBOX_URL = settings.SANDBOX_URL, free_address
    deliver.drain(xandr.pk, 60)
    settings.SANDBOX_URL = here
    time.pass_by(60)
    deliver.drain(xandr.pk, 60)
    assert set(Pixel.objects.values_list("lifecycle", flat=True)) == {"live"}
    assert signed_in == Operation.objects.filter(sends__gt=1).exists()
    time.pass_by(2 * A_DAY)
    assert look() == 0


def test_a_create_that_was_first_throttled_is_not_checked_again(xandr, live, promise, fault, time, look):
    promise(xandr)
    fault("create", "throttled", seconds=1)
    deliver.drain(xandr.pk, 60)
    time.pass_by(100)
    deliver.drain(xandr.pk, 60)
    assert Operation.objects.get().sends == 2
    time.pass_by(2 * A_DAY)
    assert look() == 0


def test_what_becomes_of_a_change_does_not_hide_the_second_object(
    sent_twice, comes_in_late, xandr, bob, fault, time, look
):
    pixel = sent_twice()
    second = comes_in_late(pixel)
    time.pass_by(TEN_MINUTES + 1)
    look()
    pixels.change_pixel(pixel, bob, {"name": "New name"})
    fault("update", "status", code=403)
    deliver.drain(xandr.pk, 60)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("duplicate", "refused")
    pixels.dismiss_error(pixel, bob)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("duplicate", "duplicate")
    assert second in error_sentence(pixel)
    pixels.dismiss_error(pixel, bob)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code, pixel.duplicate_remote_ids) == ("not_seen", "", [])


def test_an_object_that_existed_before_is_not_reported_as_a_duplicate(sandbox, sent_twice, time, look):
    sandbox.seed("xandr", [{"id": 700, "name": "Theirs", "advertiser_id": 2, "code": "shared"}])
    pixel = sent_twice("shared")
    time.pass_by(TEN_MINUTES + 1)
    assert look() == 1
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("in_sync", "")


def test_a_failed_duplicate_check_is_repeated_and_changes_nothing(
    sent_twice, comes_in_late, time, look, fault, settings
):
    pixel = sent_twice()
    comes_in_late(pixel)
    time.pass_by(TEN_MINUTES + 1)
    fault("list", "status", code=500, count=None)
    fault("read", "status", code=500, count=None)
    assert look() == 1
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("in_sync", "")
    assert look() == 0  # not at once again


def test_the_check_after_a_failed_one_finds_the_second_object(
    sent_twice, comes_in_late, time, look, sandbox, fault, settings
):
    pixel = sent_twice()
    comes_in_late(pixel)
    time.pass_by(TEN_MINUTES + 1)
    fault("*", "status", code=500, count=None)
    look()
    sandbox.ask("DELETE", "faults")
    time.pass_by(settings.LEASE + 1)
    assert look() == 1
    pixel.refresh_from_db()
    assert pixel.remote_status == "duplicate"


def test_after_a_worker_died_while_checking_another_one_checks(
    sent_twice, comes_in_late, time, look, meanwhile, settings
):
    pixel = sent_twice()
    comes_in_late(pixel)
    time.pass_by(TEN_MINUTES + 1)
    meanwhile("xandr", "find_pixels", before=dies)
    with pytest.raises(SystemExit):
        look()
    assert look() == 0
    time.pass_by(settings.LEASE + 1)
    assert look() == 1
    pixel.refresh_from_db()
    assert pixel.remote_status == "duplicate"


def test_of_two_workers_with_the_same_message_one_checks(sent_twice, time, sandbox, meanwhile):
    sent_twice()
    time.pass_by(TEN_MINUTES + 1)
    [operation] = duplicate_check.due(10)
    asked = sandbox.asked("xandr", "list") + sandbox.asked("xandr", "read")
    meanwhile("xandr", "find_pixels", before=lambda: tasks.check_for_duplicate(str(operation)))
    tasks.check_for_duplicate(str(operation))
    tasks.check_for_duplicate(str(operation))
    now_asked = sandbox.asked("xandr", "list") + sandbox.asked("xandr", "read")
    assert 1 <= now_asked - asked <= 2  # one look: by the code, and the whole list where that finds nothing
    assert Operation.objects.get().duplicate_checks_done == 1


def test_a_delayed_worker_does_not_check_a_second_time(sent_twice, time, monkeypatch):
    sent_twice()
    time.pass_by(TEN_MINUTES + 1)
    [operation] = duplicate_check.due(10)
    real = duplicate_check._due

    def look_first():
        monkeypatch.setattr(duplicate_check, "_due", real)
        duplicate_check.check(operation)
        Operation.objects.update(duplicate_checks_done=100)  # a second check would overwrite this

    monkeypatch.setattr(duplicate_check, "_due", lambda: HeldUpRows(real(), look_first))
    duplicate_check.check(operation)
    assert Operation.objects.get().duplicate_checks_done == 100


@pytest.mark.parametrize("refused", [False, True])
def test_the_end_of_a_change_that_was_under_way_does_not_take_the_report_away(
    sent_twice, comes_in_late, time, look, bob, fault, refused
):
    pixel = sent_twice()
    second = comes_in_late(pixel)
    time.pass_by(TEN_MINUTES + 1)
    pixels.change_pixel(pixel, bob, {"name": "Renamed"})
    assert look() == 1
    pixel.refresh_from_db()
    assert (pixel.is_pending, pixel.remote_status) == (True, "duplicate")
    if refused:
        fault("update", "status", code=403)
    deliver.drain(pixel.connection_id, 60)
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, pixel.duplicate_remote_ids) == ("live", "duplicate", [second])
    if refused:
        pixels.dismiss_error(pixel, bob)  # the refusal has its own message, in front of the report
        pixel.refresh_from_db()
    assert (pixel.error_code, second in error_sentence(pixel)) == ("duplicate", True)


def test_of_a_pixel_that_was_deleted_here_nothing_is_reported(sent_twice, comes_in_late, time, look, bob):
    pixel = sent_twice()
    comes_in_late(pixel)
    pixels.delete_pixel(pixel, bob)
    deliver.drain(pixel.connection_id, 60)
    time.pass_by(TEN_MINUTES + 1)
    assert look() == 1
    pixel.refresh_from_db()
    assert (pixel.lifecycle, pixel.remote_status, pixel.error_code) == ("deleted", "gone", "")


def test_a_duplicate_that_somebody_has_removed_is_not_reported_again(
    sent_twice, comes_in_late, time, look, sandbox, alice, sync
):
    pixel = sent_twice()
    second_id = comes_in_late(pixel)
    time.pass_by(TEN_MINUTES + 1)
    look()
    pixels.dismiss_error(Pixel.objects.get(), alice)
    kept = [one for one in sandbox.held("xandr") if str(one["id"]) != second_id]
    sandbox.ask("POST", "reset")
    sandbox.seed("xandr", kept)
    time.pass_by(A_DAY)
    assert look() == 1
    sync(pixel.connection)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("in_sync", "")


def test_a_paused_or_disconnected_connection_is_looked_at_when_it_is_back(
    sent_twice, comes_in_late, time, look, alice, carry_out
):
    pixel = sent_twice()
    comes_in_late(pixel)
    connections.disconnect(pixel.connection, alice)
    time.pass_by(TEN_MINUTES + 1)
    assert look() == 0
    connections.replace_credentials(pixel.connection, alice, {"username": "sandbox", "password": "sandbox"})
    carry_out()
    assert look() == 1
    pixel.refresh_from_db()
    assert pixel.remote_status == "duplicate"


@pytest.mark.parametrize(("checks", "looks"), [([], 0), ([60], 1), ([60, 120, 240], 3)])
def test_the_number_of_checks_is_a_setting(sent_twice, time, look, settings, monkeypatch, checks, looks):
    pixel = sent_twice()
    operation = Operation.objects.get()
    settings.DUPLICATE_CHECKS = checks
    Operation.objects.update(duplicate_check_at=duplicate_check.when(0, operation.finished_at))
    done = 0
    for _ in range(5):
        time.pass_by(300)
        done += look()
    assert done == looks
    assert Operation.objects.get().duplicate_checks_done == looks
    assert pixel.operations.get().duplicate_check_at is None


def test_overdue_checks_are_made_one_after_the_other(sent_twice, time, look):
    """The scheduler was away for days."""
    sent_twice()
    Operation.objects.update(duplicate_check_at=timezone.now() - timedelta(days=3))
    time.pass_by(3 * A_DAY)
    assert [look(), look(), look()] == [1, 1, 0]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_check_that_is_refused_is_made_again_and_given_up_after_a_day(
    sent_twice, fault, time, look, settings, status
):
    sent_twice("my own code")
    for operation in ("list", "read"):
        fault(operation, "status", code=status, count=200)
    time.pass_by(TEN_MINUTES + 1)
    for _ in range(3):
        assert look() == 1
        assert Operation.objects.get().duplicate_checks_done == 0
        time.pass_by(settings.LEASE + 1)
    time.pass_by(2 * A_DAY)
    assert look() == 1
    assert Operation.objects.get().duplicate_check_at is None


@pytest.mark.parametrize("sends", [1, 2])
def test_a_create_that_a_person_found_is_checked_as_well_if_it_was_sent_twice(xandr, promise, bob, sandbox, sends):
    pixel = promise(xandr, options={"code": "my own code"})
    Operation.objects.update(state="unknown", finished_at=timezone.now(), sends=sends, unconfirmed_count=sends)
    Pixel.objects.update(lifecycle="unknown")
    pixels.confirm_exists(Pixel.objects.get(pk=pixel.pk), bob, "77")
    assert (Operation.objects.get().duplicate_check_at is not None) == (sends > 1)
