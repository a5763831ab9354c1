"""Places where the crash suite ends or stops a process: one for each moment between two promises.

In the product nothing is armed, and a place does nothing.
"""

from collections.abc import Callable

armed: Callable[[str], None] | None = None  # set by the crash suite's own workers (tests/crash), by nobody else


def crash_point(name: str) -> None:
    """`name` as in docs/decisions/0009: cp1 (committed, nobody told) to cp14 (deleted there, not recorded here)."""
    if armed is not None:
        armed(name)
