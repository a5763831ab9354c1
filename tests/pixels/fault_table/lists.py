"""Lists of 250 pixels at a sandbox, and look-ups by id of those that are missing."""

from __future__ import annotations

from pixels.reconcile import missing
from tests.pixels.fault_table.conftest import Desk
from tests.pixels.providers.fault_table.lists import ROWS

# Which of the 25 faults it is.
NUMBERS = {
    "repeated_items": 17,
    "first_page_again": 18,
    "moving_pages": 18,
    "missing_items": 19,
    "wrong_total": 19,
    "foreign_objects": 20,
}


def seed(at: Desk, ids: list[str], account: str = "") -> None:
    account = account or at.connection.ad_accounts.get().remote_id
    more = {"ad_account": account} if at.slug == "pitchtarget" else {}
    objects = [ROWS[at.slug](remote_id, account) for remote_id in ids]
    at.bench.control("POST", "seed", json={"provider": at.slug, "objects": objects, **more})


def look_for_missing(at: Desk) -> None:
    """Look missing pixels up by id, twice and far enough apart."""
    for _ in range(2):
        for account in missing.due(10):
            missing.check(account)
        at.clock.pass_by(100)
