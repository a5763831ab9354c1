"""What a faulty call has carried out nevertheless, and how many requests it may make."""

from pixels.sandbox.faults import FAULTS
from tests.pixels.providers.fault_table.table import GOOD, Row

DONE = {"create": "created", "update": "updated", "delete": "deleted"}
MOST_REQUESTS = 4  # for one fault, log-ins included


def done_by(fault: str, row: Row, expected: object, operation: str) -> int:
    """How often the sandbox carries the operation out."""
    effect = FAULTS[fault].effect
    if operation not in DONE or (fault == "delay_before" and row.slow):
        return 0
    if effect == "no":
        return int(expected is GOOD)  # repeated after another log-in
    return int(bool(row.given.get("effect", False))) if effect == "as told" else 1
