"""The retry policy as a table, docs/retry-policy.md: `python -m tests.pixels.outbox.retry_table` writes it.

The page is checked in, and each of its cells is a test (test_retry_policy.py): whoever changes the policy sees every
cell that changes with it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelhub.settings")
    django.setup()

from pixels.outbox.retry_policy import (
    GIVE_UP_AFTER,
    MAX_UNCONFIRMED,
    Counts,
    Decision,
    Fail,
    Kind,
    LookUp,
    Pause,
    Phase,
    Retry,
    Unknown,
    decide,
)
from pixels.providers import errors
from tests.stack import ROOT

PAGE = ROOT / "docs/retry-policy.md"

ERRORS = {
    one.__name__: one("It went wrong.")
    for one in (
        errors.NotSent,
        errors.NoAnswer,
        errors.BadAnswer,
        errors.Throttled,
        errors.Waiting,
        errors.BadCredentials,
        errors.Rejected,
        errors.Forbidden,
        errors.NotFound,
        errors.NotSupported,
    )
}
FIRST = Counts(attempt=1, unconfirmed=0, failing_for=0, can_look_up=True, name_is_unique=False)
DAY = {"failing_for": GIVE_UP_AFTER}
# What is special about the operation, by the head of its column.
COLUMNS: dict[str, dict[str, Any]] = {
    "at first": {},
    "third try": {"attempt": 3},
    "failing for a day": DAY,
    "sent before": {"unconfirmed": 1},
    "sent before, for a day": {"unconfirmed": 1, **DAY},
    "sent before, unique name": {"unconfirmed": 1, "name_is_unique": True},
    f"sent {MAX_UNCONFIRMED - 1} times before": {"unconfirmed": MAX_UNCONFIRMED - 1},
    "not searchable": {"can_look_up": False},
}
FIFTH = f"sent {MAX_UNCONFIRMED - 1} times before"
TABLES = {
    "Create, before it is sent": (
        [Kind.CREATE],
        Phase.PREPARE,
        ["at first", "third try", "failing for a day", "sent before", "sent before, for a day"],
    ),
    "Create, while it is looked up": (
        [Kind.CREATE],
        Phase.LOOK_UP,
        ["sent before", "third try", "sent before, for a day", "not searchable"],
    ),
    "Create, when it has been sent": (
        [Kind.CREATE],
        Phase.SEND,
        ["at first", "failing for a day", "sent before", "sent before, unique name", FIFTH, "not searchable"],
    ),
    "Update or delete, before it is sent": (
        [Kind.UPDATE, Kind.DELETE],
        Phase.PREPARE,
        ["at first", "third try", "failing for a day", "sent before"],
    ),
    "Update or delete, when it has been sent": (
        [Kind.UPDATE, Kind.DELETE],
        Phase.SEND,
        ["at first", "third try", "failing for a day", FIFTH],
    ),
}
TOP = """# The retry policy

What an error of a provider's call means for the operation that made it: `pixels/outbox/retry_policy.py`, shown as a
table. Written by `python -m tests.pixels.outbox.retry_table`; each cell is a test.

- **again in N s**: the operation waits and is sent again. **all in N s**: so do the connection's other operations.
- **look up in N s**: the create may have taken effect; it is searched for before anything is sent again.
- **pause**: the connection pauses, and the operation waits as it is until its credentials work.
- **failed**: it was not carried out and will not be. **unknown**: a person decides whether the pixel exists.
- Columns: *sent before* means that an earlier request of this operation may have taken effect. *Unique name*: the
  provider refuses a name that is taken. *Not searchable*: the provider cannot be searched for this pixel.
"""


def said(decision: Decision) -> str:
    match decision:
        case Retry(after, whole_connection=True):
            return f"all in {after:g} s"
        case Retry(after):
            return f"again in {after:g} s"
        case LookUp(after):
            return f"look up in {after:g} s"
        case Pause():
            return "pause"
        case Fail():
            return "failed"
        case Unknown():
            return "unknown"


def cell(kind: Kind, phase: Phase, error: str, column: str) -> str:
    counts = replace(FIRST, **COLUMNS[column])
    if phase == Phase.LOOK_UP:
        counts = replace(counts, unconfirmed=max(counts.unconfirmed, 1))
    return said(decide(kind, phase, ERRORS[error], counts))


def page() -> str:
    parts = [TOP]
    for title, (kinds, phase, columns) in TABLES.items():
        rows = [[error, *(cell(kinds[0], phase, error, column) for column in columns)] for error in ERRORS]
        lines = [["Error", *columns], ["---"] * (len(columns) + 1), *rows]
        parts.append(f"\n## {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines))
    return "".join(parts)


def cells() -> list[tuple[Kind, Phase, str, str, str]]:
    """Every cell of the page: kind, phase, error, column, what stands there."""
    found = []
    for title, (kinds, phase, _) in TABLES.items():
        section = PAGE.read_text().split(f"## {title}\n\n")[1].split("\n\n")[0]
        head, _, *rows = [[part.strip() for part in line.strip("|").split("|")] for line in section.splitlines()]
        for kind in kinds:
            found += [
                (kind, phase, row[0], column, text)
                for row in rows
                for column, text in zip(head[1:], row[1:], strict=True)
            ]
    return found


if __name__ == "__main__":
    PAGE.write_text(page())
