"""A cursor that cannot be read, as after an upgrade, or that is wrong: the list is read again or the run fails, and
nothing is marked because of it."""

import zlib

import pytest
from django.utils import timezone

from pixels.models import AdAccount, Pixel, SyncRun
from pixels.reconcile import pull
from pixels.services import connections
from tests.pixels.elsewhere import at_xandr

FIRST_PAGE = zlib.compress("\n".join(str(number) for number in range(1, 101)).encode())


@pytest.fixture
def account(xandr, sandbox, sync):
    """An ad account with 250 pixels, all known."""
    sandbox.seed("xandr", [at_xandr(number, f"Pixel {number}") for number in range(1, 251)])
    assert sync(xandr).created == 250
    return xandr


@pytest.fixture
def pull_from(account):
    """A function that pulls with a saved cursor behind the first page, changed as given, and returns the run."""

    def run(seen=FIRST_PAGE, without="", **cursor):
        saved = {
            "account": AdAccount.objects.get().pk,
            "after": "100",
            "began": timezone.now().isoformat(),
            "total": 250,
            "newest": None,
            "earlier": 0,
            "stopped": "",
            "counts": {"pages": 1, "seen": 100, "missing": 0, "lacking": 0},
        }
        saved |= cursor
        saved.pop(without, None)
        run = connections.sync_now(account, None)
        SyncRun.objects.filter(pk=run.pk).update(cursor=saved, seen_ids=seen, pages=77, seen=7700, missing=7)
        pull.pull(run.pk)
        run.refresh_from_db()
        return run

    return run


def test_a_readable_cursor_is_continued(pull_from, sandbox):
    asked = sandbox.asked("xandr", "list")
    run = pull_from()
    assert (run.state, run.pages, run.seen, run.unchanged, run.missing) == ("done", 3, 250, 250, 0)
    assert sandbox.asked("xandr", "list") - asked == 2


@pytest.mark.parametrize(
    "cursor",
    [
        {"without": "after"},
        {"without": "counts"},
        {"began": "yesterday"},
        {"counts": {"pages": 1, "seen": 100}},
        {"seen": None},
        {"seen": FIRST_PAGE[:20]},
    ],
)
def test_with_an_unreadable_cursor_the_list_is_read_from_its_start(pull_from, sandbox, cursor, caplog):
    asked = sandbox.asked("xandr", "list")
    run = pull_from(**cursor)
    assert (run.state, run.pages, run.seen, run.unchanged, run.missing) == ("done", 3, 250, 250, 0)
    assert sandbox.asked("xandr", "list") - asked == 3
    assert "its cursor cannot be read" in caplog.text


@pytest.mark.parametrize(("after", "state"), [("100000", "done"), ("text", "failed")])
def test_a_cursor_that_leads_nowhere_marks_nothing_and_the_next_sync_is_right(pull_from, account, sync, after, state):
    """Beyond the end nothing is listed, so the list is too short and is read again. One kind of Xandr refuses the
    cursor."""
    assert pull_from(after=after).state == state
    assert not Pixel.objects.filter(remote_status="absent").exists()
    assert sync(account).unchanged == 250
