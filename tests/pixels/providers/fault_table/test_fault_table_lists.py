"""Wrong lists: what the client passes on, how many requests it makes, and that half a list is never taken for the
whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, NotFound, ProviderError, Rejected
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import Page
from pixels.sandbox import members
from pixels.sandbox.faults import FAULTS
from tests.pixels.providers.fault_table.conftest import ACCOUNTS, OTHER_ACCOUNTS, Bench, create
from tests.pixels.providers.fault_table.lists import IDS, LISTS, ROWS, Row


@pytest.fixture
def seed(bench: Bench) -> Callable[..., None]:
    def load(slug: str, ids: list[str], account: str = "") -> None:
        account = account or ACCOUNTS[slug].id
        objects = [ROWS[slug](remote_id, account) for remote_id in ids]
        more = {"ad_account": account} if slug == "pitchtarget" else {}
        bench.control("POST", "seed", json={"provider": slug, "objects": objects, **more})

    return load


@dataclass
class Listed:
    """What list_pixels gave, how it ended, and after how many requests."""

    ids: list[str]
    totals: list[int | None]
    error: ProviderError | None
    requests: int

    @property
    def looks_complete(self) -> bool:
        """As whoever syncs has to see it: no error, and no total beyond what came."""
        return self.error is None and len(set(self.ids)) >= max((total or 0 for total in self.totals), default=0)


def read_list(bench: Bench, slug: str) -> Listed:
    asked, _ = bench.counted(slug)
    pages: list[Page] = []
    error = None
    try:
        for page in bench.member(slug).list_pixels(ACCOUNTS[slug]):
            pages.append(page)
    except ProviderError as caught:
        error = caught
        assert type(error) is BadAnswer
        bench.assert_fit_to_be_shown(error)
    asked_now, _ = bench.counted(slug)
    ids = [pixel.remote_id for page in pages for pixel in page.pixels]
    return Listed(ids, [page.total for page in pages], error, (asked_now - asked)["list"])


LISTED = [
    pytest.param(fault, given, slug, row, id=f"{fault}({given})-{slug}")
    for fault, given, rows in LISTS
    for slug, row in rows.items()
]


def test_each_fault_of_lists_is_here_for_each_provider() -> None:
    tried: dict[str, set[str]] = {}
    for fault, _, rows in LISTS:
        tried.setdefault(fault, set()).update(rows)
    assert tried == {fault: set(FAULTS[fault].providers) for fault in tried}


@pytest.mark.parametrize(("fault", "given", "slug", "row"), LISTED)
def test_a_list_is_read_as_far_as_it_goes(
    fault: str, given: dict[str, Any], slug: str, row: Row, bench: Bench, seed: Callable[..., None]
) -> None:
    seed(slug, IDS[slug])
    bench.faults(slug, {"fault": fault, "operation": "list", **given})

    listed = read_list(bench, slug)

    assert len(set(IDS[slug]) - set(listed.ids)) == row.missing
    assert listed.looks_complete == row.complete
    assert listed.requests == row.requests
    if slug == "easyflow":
        assert len(set(listed.ids)) == len(listed.ids)


@pytest.mark.parametrize(("fault", "given", "slug", "row"), LISTED)
def test_a_search_in_a_wrong_list_finds_the_pixel_or_raises_an_error(
    fault: str, given: dict[str, Any], slug: str, row: Row, bench: Bench, seed: Callable[..., None]
) -> None:
    """ "There is none" would let a pixel be made a second time."""
    seed(slug, IDS[slug])
    bench.faults(slug, {"fault": fault, "operation": "list", **given})
    provider = bench.member(slug)

    if row.complete:
        assert provider.find_pixels(ACCOUNTS[slug], "nobody's reference", "nobody's name") == []
    else:
        with pytest.raises(BadAnswer):
            provider.find_pixels(ACCOUNTS[slug], "nobody's reference", "nobody's name")


@pytest.mark.parametrize(("fault", "given"), [("first_page_again", {}), ("missing_items", {"items": 100})])
def test_easyflow_calls_no_pixel_gone_because_its_list_broke_off(
    fault: str, given: dict[str, Any], bench: Bench, seed: Callable[..., None]
) -> None:
    seed("easyflow", IDS["easyflow"])
    bench.faults("easyflow", {"fault": fault, **given})
    with pytest.raises(BadAnswer):
        bench.member("easyflow").read_pixel(ACCOUNTS["easyflow"], IDS["easyflow"][-1])


# Objects of another account


def test_pixels_of_another_advertiser_are_refused(bench: Bench, seed: Callable[..., None]) -> None:
    seed("xandr", ["5000"])
    seed("xandr", ["6000"], OTHER_ACCOUNTS["xandr"])
    bench.faults("xandr", {"fault": "foreign_objects"})
    listed = read_list(bench, "xandr")
    assert (listed.ids, type(listed.error), listed.requests) == ([], BadAnswer, 1)
    with pytest.raises(BadAnswer):
        bench.member("xandr").find_pixels(ACCOUNTS["xandr"], "nobody's reference", "nobody's name")


def test_pixels_of_another_owner_are_left_out(bench: Bench, seed: Callable[..., None]) -> None:
    """One key may reach several owners, and no document has a filter: theirs beside ours are nothing odd."""
    seed("easyflow", ["ours"])
    seed("easyflow", ["theirs"], OTHER_ACCOUNTS["easyflow"])
    assert read_list(bench, "easyflow").ids == ["ours"]
    bench.faults("easyflow", {"fault": "foreign_objects"})
    assert read_list(bench, "easyflow").ids == []


def test_pixels_of_another_facebook_account_cannot_be_told(bench: Bench, seed: Callable[..., None]) -> None:
    """A row of PitchTarget names no ad account. Here so that it is known, and not because it is good."""
    seed("pitchtarget", ["1"])
    seed("pitchtarget", ["2"], OTHER_ACCOUNTS["pitchtarget"])
    bench.faults("pitchtarget", {"fault": "foreign_objects"})
    assert read_list(bench, "pitchtarget").ids == ["2"]


# The lists of ad accounts


AD_ACCOUNTS = {"pitchtarget": "ad_accounts", "xandr": "advertisers"}


@pytest.mark.parametrize(
    ("slug", "fault", "given", "complete"),
    [
        ("pitchtarget", "repeated_items", {}, True),
        ("pitchtarget", "missing_items", {}, None),  # the sandbox's list has no total, as its sample has none
        ("xandr", "repeated_items", {}, True),
        ("xandr", "missing_items", {}, False),
        ("xandr", "first_page_again", {}, False),
        ("xandr", "wrong_total", {"total": "larger"}, False),
        ("xandr", "wrong_total", {"total": "smaller"}, True),
        ("xandr", "wrong_total", {"total": "null"}, True),
        ("xandr", "wrong_total", {"total": "text"}, True),
    ],
)
def test_ad_accounts_are_listed_whole_or_not_at_all(
    slug: str, fault: str, given: dict[str, Any], complete: bool | None, bench: Bench
) -> None:
    known = set(members.PITCHTARGET_AD_ACCOUNTS)
    if slug == "xandr":
        more = [{"id": 100 + number, "name": f"Shop {number}"} for number in range(120)]
        bench.control("POST", "seed", json={"provider": slug, "advertisers": more})
        known = {str(number) for number in (*members.XANDR_ADVERTISERS, *(each["id"] for each in more))}
    bench.faults(slug, {"fault": fault, "operation": AD_ACCOUNTS[slug], **given})
    provider = bench.member(slug)

    if complete is False:
        with pytest.raises(BadAnswer) as caught:
            provider.list_ad_accounts()
        bench.assert_fit_to_be_shown(caught.value)
    else:
        refs = [ref.id for ref in provider.list_ad_accounts()]
        assert set(refs) == known if complete else set(refs) < known
        assert len(set(refs)) == len(refs)
    asked, _ = bench.counted(slug)
    assert asked[AD_ACCOUNTS[slug]] <= 3


@pytest.mark.parametrize("operation", ["read", "line_items"])
@pytest.mark.parametrize(
    ("fault", "given"),
    [
        ("drop", {}),
        ("status", {"code": 500}),
        ("session_expired", {}),
        ("throttled", {}),
        ("wrong_type", {}),
        ("missing_id", {}),
        ("echo", {}),
    ],
)
def test_a_refused_delete_stays_one_though_nobody_says_what_is_in_the_way(
    operation: str, fault: str, given: dict[str, Any], bench: Bench
) -> None:
    (remote_id,) = bench.make("xandr", "In use")
    item = {"id": 382, "name": "Shoes", "state": "active", "advertiser_id": 2, "pixel_ids": [int(remote_id)]}
    bench.control("POST", "seed", json={"provider": "xandr", "line_items": [item]})
    bench.faults("xandr", {"fault": fault, "operation": operation, **given})
    asked, _ = bench.counted("xandr")

    with pytest.raises(Rejected) as caught:
        bench.member("xandr").delete_pixel(ACCOUNTS["xandr"], remote_id)

    assert not caught.value.maybe_done
    asked_now, done = bench.counted("xandr")
    assert (asked_now - asked)["delete"] == 1
    assert (asked_now - asked).total() <= 4
    assert not done["deleted"]
    bench.assert_fit_to_be_shown(caught.value)


def test_a_missing_pixel_is_not_found_after_all_faults(bench: Bench) -> None:
    for slug in PROVIDERS:
        provider: Provider = bench.member(slug)
        create(provider, "There")
        with pytest.raises(NotFound):
            provider.read_pixel(ACCOUNTS[slug], "1")
