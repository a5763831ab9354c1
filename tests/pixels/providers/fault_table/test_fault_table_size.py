"""An answer may be of any size: no more of it is kept than PixelHub is ready to read."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from pixels.providers.errors import BadAnswer
from pixels.providers.transport.http import MAX_BYTES
from tests.pixels.providers.fault_table.conftest import ACCOUNTS, Bench
from tests.pixels.said import said

HUGE = 25 * MAX_BYTES
MOST = 8 * MAX_BYTES  # with the sandbox, which is in this process too


@pytest.mark.parametrize("slug", ["pitchtarget", "xandr"])
@pytest.mark.parametrize(
    ("fault", "given"),
    [("huge_body", {"announced": True}), ("huge_body", {"announced": False}), ("zip_bomb", {})],
)
def test_a_huge_answer_does_not_fill_the_memory(fault: str, given: dict[str, Any], slug: str, bench: Bench) -> None:
    bench.make(slug, "One")
    bench.faults(slug, {"fault": fault, "operation": "list", "bytes": HUGE, **given})
    provider = bench.member(slug)
    tracemalloc.start()
    try:
        with pytest.raises(BadAnswer) as caught:
            list(provider.list_pixels(ACCOUNTS[slug]))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST
    assert "more data than PixelHub accepts" in said(caught.value)
    bench.assert_fit_to_be_shown(caught.value)


@pytest.mark.parametrize("fault", ["huge_body", "zip_bomb"])
@pytest.mark.parametrize(("size", "fits"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_the_limit_is_where_it_is_said_to_be(fault: str, size: int, fits: bool, bench: Bench) -> None:
    bench.make("pitchtarget", "One")
    bench.faults("pitchtarget", {"fault": fault, "bytes": size})
    provider = bench.member("pitchtarget")
    if fits:
        assert len(list(provider.list_pixels(ACCOUNTS["pitchtarget"]))) == 1
    else:
        with pytest.raises(BadAnswer):
            list(provider.list_pixels(ACCOUNTS["pitchtarget"]))
