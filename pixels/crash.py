"""Points at which the crash suite ends or stops a process: one for each moment between two commits or calls.

In the product, `armed` is not set and a point does nothing.
"""

from collections.abc import Callable

armed: Callable[[str], None] | None = None  # set only by the workers of the crash suite (tests/crash)


def crash_point(name: str) -> None:
    """`name` as in docs/decisions/0009: from cp1 (committed, no worker notified) to cp14 (deleted there, not
    recorded here)."""
    if armed is not None:
        armed(name)
