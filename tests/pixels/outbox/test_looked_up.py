"""A create whose answer was lost, at a provider that can be searched: its object is found and linked, or it is sent
again."""

import pytest

from accounts.models import Activity
from pixels.messages import error_sentence
from pixels.models import Operation, Pixel
from pixels.outbox import claim, deliver
from pixels.providers.values import AdAccountRef
from pixels.services import connections
from tests.pixels.conftest import dies
from tests.pixels.page import Page

SEARCHED = ["pitchtarget", "xandr"]


@pytest.fixture
def fault(sandbox):
    def set_fault(provider, operation, name, **more):
        sandbox.ask("POST", "faults", json={"provider": provider, "operation": operation, "fault": name, **more})

    yield set_fault
    sandbox.ask("DELETE", "faults")


@pytest.fixture
def recognisable(connect, promise):
    """A pixel that can be looked up: at Xandr its code holds our reference."""

    def make(provider, name="Purchase", **more):
        connection = connect(provider)
        pk = Pixel().pk
        code = {"code": f"ph-{pk}"} if provider == "xandr" else {}
        return promise(connection, name, id=pk, options=code | more)

    return make


@pytest.fixture
def go(no_wait):
    """A function that does all due work, now and after its waits."""

    def run(times=1):
        for _ in range(times):
            no_wait()
            for due in claim.due(10):
                deliver.deliver(due)

    return run


def state(pixel):
    pixel.refresh_from_db()
    return pixel.lifecycle, Operation.objects.get(pixel=pixel, kind="create").state


LOST = {
    "drop": {"effect": True},
    "status": {"code": 500, "effect": True},
    "truncated_json": {},
    "cut_off": {},
    "redirect": {"effect": True, "host": "127.0.0.2:9"},
}


@pytest.mark.parametrize("provider", SEARCHED)
@pytest.mark.parametrize("lost", LOST)
def test_a_pixel_that_was_made_is_found_and_linked(recognisable, fault, sandbox, go, provider, lost):
    pixel = recognisable(provider)
    more = LOST[lost]
    fault(provider, "create", lost, **({k: v for k, v in more.items() if k != "host"}))
    deliver.deliver(claim.due(1)[0])
    assert state(pixel) == ("checking", "unconfirmed")
    assert claim.due(1) == []  # not before the quiet time is over
    go()
    assert state(pixel) == ("live", "done")
    [held] = sandbox.held(provider)
    assert (pixel.remote_id, pixel.error_code) == (str(held["id"]), "")
    assert sandbox.asked(provider, "create") == 1
    assert pixel.snippets.exists()
    assert Activity.objects.filter(code="pixel.found").exists()


@pytest.mark.parametrize("provider", SEARCHED)
def test_a_pixel_that_was_not_made_is_sent_again_once(recognisable, fault, sandbox, go, provider):
    pixel = recognisable(provider)
    fault(provider, "create", "drop", effect=False)
    deliver.deliver(claim.due(1)[0])
    assert state(pixel) == ("checking", "unconfirmed")
    go()
    assert state(pixel) == ("live", "done")
    assert len(sandbox.held(provider)) == 1
    assert sandbox.asked(provider, "create") == 2


@pytest.mark.parametrize("provider", SEARCHED)
def test_a_create_that_takes_effect_during_the_quiet_time_is_linked(recognisable, fault, sandbox, go, provider):
    pixel = recognisable(provider)
    fault(provider, "create", "late_effect", seconds=0.2)
    deliver.deliver(claim.due(1)[0])
    while sandbox.ask("GET", "faults")["late"]:
        pass
    go()
    assert state(pixel) == ("live", "done")
    assert len(sandbox.held(provider)) == 1


@pytest.mark.parametrize("provider", SEARCHED)
def test_a_failed_look_up_is_repeated_and_sends_nothing(recognisable, fault, sandbox, go, provider):
    pixel = recognisable(provider)
    fault(provider, "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    for operation in ("list", "read"):
        fault(provider, operation, "status", code=500, count=8)
    go(3)
    assert state(pixel) == ("checking", "unconfirmed")
    assert Operation.objects.get().unconfirmed_count == 1
    sandbox.ask("DELETE", "faults")
    go()
    assert state(pixel) == ("live", "done")
    assert sandbox.asked(provider, "create") == 1


def test_a_preexisting_object_of_the_same_name_is_never_linked(recognisable, fault, sandbox, go):
    sandbox.seed("pitchtarget", [namesake("6014360300000", "Purchase")], ad_account="9")
    pixel = recognisable("pitchtarget")
    fault("pitchtarget", "create", "drop", effect=False)
    deliver.deliver(claim.due(1)[0])
    assert Operation.objects.get().preexisting_ids == ["6014360300000"]
    go(8)
    # The name is taken, and PitchTarget says so each time: a definite no in the end.
    assert state(pixel)[0] in ("failed", "unknown")
    assert pixel.remote_id == ""
    assert len(sandbox.held("pitchtarget")) == 1


def test_a_preexisting_object_with_the_users_own_code_is_never_linked(recognisable, fault, sandbox, go):
    recognisable("xandr", code="theirs")
    other = {"id": 700, "name": "Theirs", "advertiser_id": 2, "code": "theirs"}
    sandbox.seed("xandr", [other])
    pixel = Pixel.objects.get()
    fault("xandr", "create", "drop", effect=False)
    deliver.deliver(claim.due(1)[0])
    assert Operation.objects.get().preexisting_ids == ["700"]
    go(2)
    pixel.refresh_from_db()
    assert pixel.remote_id != "700"


def test_without_the_advertisers_code_what_has_changed_lately_is_listed(connect, promise, fault, sandbox, go):
    connection, pk = connect("xandr", ad_account=AdAccountRef(id="2")), Pixel().pk
    pixel = promise(connection, id=pk, options={"code": f"ph-{pk}"})
    fault("xandr", "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    go()
    assert state(pixel) == ("live", "done")
    assert sandbox.asked("xandr", "create") == 1


@pytest.mark.parametrize("in_use", [False, True])
def test_a_row_of_the_same_object_gives_way_unless_people_work_with_it(recognisable, fault, sandbox, go, bob, in_use):
    pixel = recognisable("xandr")
    fault("xandr", "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    [held] = sandbox.held("xandr")
    other = Pixel.objects.create(
        team=pixel.team, connection=pixel.connection, ad_account=pixel.ad_account, name="Listed", lifecycle="live",
        remote_id=str(held["id"]), created_by=bob if in_use else None,
    )  # fmt: skip
    go()
    assert Pixel.objects.filter(pk=other.pk).exists() == in_use
    pixel.refresh_from_db()
    assert (pixel.remote_id == other.remote_id) == (not in_use)


def test_more_than_one_is_reported_and_none_deleted(recognisable, fault, sandbox, go, browser_of, bob, at):
    pixel = recognisable("xandr")
    fault("xandr", "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    [held] = sandbox.held("xandr")
    sandbox.seed("xandr", [held | {"id": held["id"] + 5}])
    go()
    assert state(pixel) == ("live", "done")
    assert (pixel.remote_status, pixel.remote_id, pixel.error_code) == ("duplicate", str(held["id"]), "duplicate")
    page = Page.of(browser_of(bob).get(at("pixel", pixel)))
    assert f"more than once: as {held['id']}, {held['id'] + 5}." in page.text
    assert len(sandbox.held("xandr")) == 2


def test_a_create_that_took_effect_after_the_quiet_time_is_found_by_a_sync_and_reported(
    recognisable, fault, sandbox, go, sync, alice, browser_of, at
):
    pixel = recognisable("xandr")
    fault("xandr", "create", "drop", effect=False)
    deliver.deliver(claim.due(1)[0])
    go()
    [held] = sandbox.held("xandr")
    sandbox.seed("xandr", [held | {"id": held["id"] + 1}])  # the first request takes effect
    for _ in range(2):
        sync(pixel.connection)
        pixel.refresh_from_db()
        assert (pixel.lifecycle, pixel.remote_status, pixel.error_code) == ("live", "duplicate", "duplicate")
    assert f"as {held['id']}, {held['id'] + 1}." in error_sentence(pixel)
    assert len(sandbox.held("xandr")) == 2  # nothing is deleted by machine
    overview = Page.of(browser_of(alice).get(at("overview")))
    assert "is held more than once" in overview.text
    browser_of(alice).post(at("pixel_dismiss", pixel))
    sync(pixel.connection)
    pixel.refresh_from_db()
    assert (pixel.remote_status, pixel.error_code) == ("in_sync", "")


def test_the_page_says_what_is_going_on(recognisable, fault, browser_of, vera, at):
    pixel = recognisable("xandr")
    fault("xandr", "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    page = Page.of(browser_of(vera).get(at("pixel", pixel)))
    assert "Checking" in page.text
    assert "Checking whether it was created" in page.text


def test_disconnecting_does_not_cancel_what_may_have_been_sent(recognisable, fault, sandbox, go, alice):
    pixel = recognisable("xandr")
    fault("xandr", "create", "drop", effect=True)
    deliver.deliver(claim.due(1)[0])
    assert connections.disconnect(pixel.connection, alice) == 0
    go()
    assert state(pixel) == ("checking", "unconfirmed")
    connections.replace_credentials(pixel.connection, alice, {"username": "sandbox", "password": "sandbox"})
    go()
    assert state(pixel) == ("live", "done")
    assert sandbox.asked("xandr", "create") == 1


@pytest.mark.parametrize("provider", SEARCHED)
def test_a_worker_that_died_while_sending_or_looking_leaves_it_to_the_next(
    recognisable, sandbox, go, worker_died, meanwhile, provider
):
    pixel = recognisable(provider)
    meanwhile(provider, "create_pixel", after=dies)
    with pytest.raises(SystemExit):
        deliver.deliver(claim.due(1)[0])
    worker_died()
    go()
    assert state(pixel) == ("checking", "unconfirmed")
    meanwhile(provider, "find_pixels", after=dies)
    with pytest.raises(SystemExit):
        go()
    worker_died()
    go(2)
    assert state(pixel) == ("live", "done")
    assert len(sandbox.held(provider)) == sandbox.asked(provider, "create") == 1


def namesake(pixel_id, name):
    return {"id": pixel_id, "name": name, "tag": "checkout", "status": "Inactive", "creator": "1 (A)", "js_pixel": "x"}
