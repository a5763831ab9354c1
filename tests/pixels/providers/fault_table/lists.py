"""Wrong lists: 250 pixels at each sandbox, and what a client gets from a list with a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MANY = 250  # two pages and a half
IDS = {
    # As they are ordered at the sandbox.
    "easyflow": [f"pixel-{number:03}" for number in range(MANY)],
    "pitchtarget": [str(6014360000000 + number) for number in range(MANY)],
    "xandr": [str(5000 + number) for number in range(MANY)],
}
ROWS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "easyflow": lambda remote_id, account: {"id": remote_id, "name": remote_id, "ownerId": account},
    "pitchtarget": lambda remote_id, account: {
        "id": remote_id, "name": remote_id, "tag": "lead", "status": "Active", "creator": "c", "js_pixel": "",
    },
    "xandr": lambda remote_id, account: {"id": int(remote_id), "name": remote_id, "advertiser_id": int(account)},
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """How many of the pixels are missing in the list, whether that can be seen, and the requests that it takes."""

    missing: int
    complete: bool
    requests: int


# Xandr and Easyflow page by 100. PitchTarget has no pages and tells no total, so what it leaves out nobody can know.
LISTS: list[tuple[str, dict[str, Any], dict[str, Row]]] = [
    ("first_page_again", {}, {"xandr": Row(150, False, 2), "easyflow": Row(150, False, 2)}),
    # Rows beyond the page that was asked for: nothing is stepped over for them.
    ("repeated_items", {}, {"xandr": Row(0, True, 3), "easyflow": Row(0, True, 3), "pitchtarget": Row(0, True, 1)}),
    (
        "repeated_items",
        {"items": 100},
        {"xandr": Row(0, True, 3), "easyflow": Row(0, True, 3), "pitchtarget": Row(0, True, 1)},
    ),
    ("missing_items", {}, {"xandr": Row(1, False, 4), "easyflow": Row(3, False, 4), "pitchtarget": Row(1, True, 1)}),
    (
        "missing_items",
        {"items": 100},
        {"xandr": Row(MANY, False, 1), "easyflow": Row(MANY, False, 1), "pitchtarget": Row(100, True, 1)},
    ),
    # After the first page: the first pixel of the second one moves up and is passed over.
    (
        "moving_pages",
        {"count": 1},
        {"xandr": Row(1, False, 3), "easyflow": Row(1, False, 4), "pitchtarget": Row(0, True, 1)},
    ),
    # A lower id moves the rest on: nothing is lost but the new one, which is seen as missing. Easyflow's is the last.
    (
        "moving_pages",
        {"count": 1, "how": "inserted"},
        {"xandr": Row(0, False, 4), "easyflow": Row(0, True, 3), "pitchtarget": Row(0, True, 1)},
    ),
    ("wrong_total", {"total": "larger"}, {"xandr": Row(0, False, 4), "easyflow": Row(0, False, 4)}),
    ("wrong_total", {"total": "smaller"}, {"xandr": Row(0, True, 4), "easyflow": Row(0, True, 4)}),
    ("wrong_total", {"total": "smaller", "by": 60}, {"xandr": Row(0, True, 4), "easyflow": Row(0, True, 4)}),
    ("wrong_total", {"total": "smaller", "by": MANY}, {"xandr": Row(0, True, 4), "easyflow": Row(0, True, 4)}),
    ("wrong_total", {"total": "null"}, {"xandr": Row(0, True, 4), "easyflow": Row(0, True, 4)}),
    ("wrong_total", {"total": "text"}, {"xandr": Row(0, True, 4), "easyflow": Row(0, True, 4)}),
]
