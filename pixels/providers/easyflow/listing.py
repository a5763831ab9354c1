"""GET /pixels/list, used only with the setting EASYFLOW_LIST, as no document shows its parameters or its answer.

Everything in this file is inferred. The path is inferred from the address of a page that Easyflow's index names but
that cannot be opened (docs.easyflow.digital/openapi/pixel/get-pixels-list). Parameters and answer are those of its list
of webhooks: `?limit=&page=` and `{"data": {"docs": [...], "totalDocs": n, "totalPages": n}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..coerce import object_id
from ..errors import BadAnswer
from ..transport.response import Answer
from ..values import AdAccountRef, Page, RemotePixel
from .mapping import envelope, remote_pixel

PATH = "/pixels/list"
LIMIT = 100
MOST_PAGES = 1000
SHELVES = ("docs", "pixels")  # keys of `data` that may hold the pixels, or each other; or `data` itself is the list
TOTAL = "totalDocs"


@dataclass(frozen=True)
class Listed:
    pixels: list[tuple[RemotePixel, str | None]]  # (pixel, its owner); None: the answer does not say
    total: int | None


def pages(ask: Callable[[Mapping[str, int]], Answer], ad_account: AdAccountRef) -> Iterator[Page]:
    """The pixels of one owner. Raises BadAnswer if the list ends before it is complete.

    `ask` sends the request. A key may reach several owners, and no parameter for one is known: other owners' pixels are
    left out here.
    """
    seen: set[str] = set()
    claimed = 0
    for number in range(1, MOST_PAGES + 1):
        listed = _read(ask({"limit": LIMIT, "page": number}))
        own, known = [], len(seen)
        for pixel, owner in listed.pixels:
            if pixel.remote_id not in seen:
                seen.add(pixel.remote_id)
                if owner in (None, ad_account.id):
                    own.append(pixel)
        ended = len(seen) == known  # an empty page, or the first one again from a service without paging
        if number == 1 or not ended:
            yield Page.of(own)  # without a total: that counts all owners' pixels and is checked here
        # The largest total: if pixels were deleted between two pages, others moved up and were skipped.
        claimed = max(claimed, listed.total or 0)
        if (listed.total is not None and len(seen) == claimed) or (ended and len(seen) >= claimed):
            return
        if ended:
            break
    raise BadAnswer("easyflow.list_cut_short")


def _read(answer: Answer) -> Listed:
    items, total = envelope(answer).get("data"), None
    for _ in range(2):
        if isinstance(items, dict):
            total = items.get(TOTAL, total)
            items = next((items[shelf] for shelf in SHELVES if shelf in items), None)
    if not isinstance(items, list):
        raise answer.unusable()
    found = []
    for item in items:
        pixel = remote_pixel(item) if isinstance(item, dict) else None
        if pixel is None:
            raise answer.unusable()  # not even partly used
        found.append((pixel, object_id(item.get("ownerId"))))
    return Listed(pixels=found, total=total if _is_count(total) else None)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
