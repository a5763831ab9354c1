"""Wrong lists (faults 17 to 20): what a sync of 250 known pixels concludes, and that the next sync is right.

How many pixels each fault leaves out, and whether that can be noticed, is data of the clients' table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pixels.messages import error_sentence
from pixels.models import Pixel, SyncRun
from tests.pixels.fault_table.conftest import Desk
from tests.pixels.fault_table.lists import NUMBERS, look_for_missing, seed
from tests.pixels.providers.fault_table.conftest import OTHER_ACCOUNTS
from tests.pixels.providers.fault_table.lists import IDS, LISTS, MANY, Row

CASE = {"easyflow": "easyflow_list"}
FOREIGN = ("foreign_objects", {})
PAGES = 3
# Xandr's rows name their advertiser and are refused; Easyflow's are left out, so its list is empty; PitchTarget's name
# nothing, so another account's single pixel stands for all of ours.
FOREIGN_ENDS = {"easyflow": (0, "stopped"), "pitchtarget": (1, "stopped"), "xandr": (0, "failed")}


def known(at: Desk) -> list[dict[str, Any]]:
    """The rows of the 250, without the columns that a sync may write."""
    rows = Pixel.objects.filter(remote_id__in=IDS[at.slug]).order_by("pk")
    return list(rows.values("pk", "remote_id", "name", "lifecycle", "remote_status", "missed_at", "drift"))


def ends(given: dict[str, Any], slug: str, row: Row) -> str:
    """A list that is visibly incomplete proves nothing; one that is not, only as much as people delete by hand.
    Xandr's list is read again when it is short, and by then a short fault is over."""
    if not row.complete:
        return "done" if slug == "xandr" and "count" in given else "failed"
    return "stopped" if row.missing > 50 else "done"


def requests(given: dict[str, Any], slug: str, row: Row) -> int:
    if slug != "xandr" or row.complete:
        return row.requests
    return row.requests + (PAGES if "count" in given else row.requests)


@pytest.fixture
def synced(desk: Callable[[str], Desk], settings: Any) -> Callable[[str], Desk]:
    def make(slug: str) -> Desk:
        settings.XANDR_READS = 0  # how many reads a sync takes is not what this is about
        at = desk(CASE.get(slug, slug))
        seed(at, IDS[slug])
        assert at.sync().created == MANY
        return at

    return make


@pytest.mark.parametrize(
    ("fault", "given", "slug", "row"),
    [
        pytest.param(fault, given, slug, row, id=f"{NUMBERS[fault]}-{fault}({given})-{slug}")
        for fault, given, rows in LISTS
        for slug, row in rows.items()
    ],
)
def test_a_list_that_lies_makes_nothing_gone_and_nothing_twice(
    fault: str, given: dict[str, Any], slug: str, row: Row, synced: Callable[[str], Desk]
) -> None:
    at = synced(slug)
    before = known(at)
    asked = at.counted()[0]
    at.meet((fault, given), "list")

    run = at.sync()

    assert run.state == ends(given, slug, row)
    assert bool(error_sentence(run)) == (run.state != "done")
    assert (at.counted()[0] - asked)["list"] == requests(given, slug, row)
    absent = Pixel.objects.filter(remote_status="absent")
    assert absent.count() == (row.missing if run.state == "done" else 0)
    assert not Pixel.objects.filter(remote_status="gone").exists()

    at.well_again()
    look_for_missing(at)
    after = at.sync()
    look_for_missing(at)

    assert after.state == "done"
    held = Counter(str(one["id"]) for one in at.bench.held(slug))
    rows = Pixel.objects.exclude(remote_status="gone")
    assert Counter(rows.values_list("remote_id", flat=True)) == held
    deleted = set(IDS[slug]) - set(held)  # really, by the fault
    assert set(Pixel.objects.filter(remote_status="gone").values_list("remote_id", flat=True)) == deleted
    assert [one for one in known(at) if one["remote_id"] not in deleted] == [
        one for one in before if one["remote_id"] not in deleted
    ]


@pytest.mark.parametrize(("slug", "end"), FOREIGN_ENDS.items())
def test_20_another_accounts_list_makes_nothing_gone(
    slug: str, end: tuple[int, str], synced: Callable[[str], Desk]
) -> None:
    taken, state = end
    at = synced(slug)
    before = known(at)
    seed(at, ["900"], OTHER_ACCOUNTS[slug])
    at.meet(FOREIGN, "list")

    run = at.sync()

    assert (run.state, run.created) == (state, taken)
    assert error_sentence(run)
    assert known(at) == before

    at.well_again()
    assert at.sync().state == "done"
    look_for_missing(at)
    assert known(at) == before


@pytest.mark.parametrize("slug", IDS)
@pytest.mark.parametrize(("lacks", "state"), [(25, "done"), (26, "stopped"), (MANY, "stopped")])
def test_19_more_than_people_delete_by_hand_needs_a_person(
    lacks: int, state: str, slug: str, synced: Callable[[str], Desk]
) -> None:
    """A tenth is marked, one more is not; and an empty list is never believed."""
    at = synced(slug)
    before = known(at)
    at.bench.control("POST", "reset")
    at.bench.control("POST", "switch", json={"easyflow_list": True})
    seed(at, IDS[slug][lacks:])

    run = at.sync()

    assert run.state == state
    if state == "stopped":
        assert f"{lacks} of {MANY}" in error_sentence(run)
        assert known(at) == before
    assert Pixel.objects.filter(remote_status="absent").count() == (lacks if state == "done" else 0)
    assert not SyncRun.objects.filter(state="running").exists()
