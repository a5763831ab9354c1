"""A reader's way through one piece of work does not grow longer (`python -m tests.trip --costs` shows it)."""

import threading

import pytest

from pixels import crash
from pixels.limits import clock
from pixels.providers.coerce import text
from pixels.sandbox.server import SandboxServer
from tests.trip import Trip, trips

# Files, functions and moves, at most. A create began with 31, 140 and 243, and is to come down to 24, 90 and 120. Lower
# a number here when the code has become shorter.
MOST = {
    "a create": (30, 139, 180),
    "a lost answer, the create": (26, 114, 165),
    "a lost answer, look-up and link": (31, 142, 160),
    "a pulled page, one changed pixel": (30, 141, 135),
}


@pytest.mark.django_db(transaction=True)
def test_no_trip_is_longer_than_it_was(settings):
    with SandboxServer() as server:
        settings.SANDBOX_URL = server.url
        found = trips(server.url)
    both = found.pop("a lost answer, both tasks")
    sizes = {name: trip.size for name, trip in found.items()}
    assert sizes.keys() == MOST.keys()
    longer = {name: size for name, size in sizes.items() if any(map(int.__gt__, size, MOST[name]))}
    assert not longer, f"{longer}, at most {MOST}"
    assert both.moves == sum(sizes[name][2] for name in sizes if name.startswith("a lost answer"))
    for trip in found.values():  # they did go all the way
        crossed = {file for file, _, _ in trip.calls}
        assert {"pixels/tasks.py", "pixels/providers/transport/http.py", "pixels/providers/xandr/mapping.py"} <= crossed


def test_a_trip_counts_the_products_calls_and_the_changes_of_file_between_them():
    trip = Trip()
    with trip.recorded():
        text("a")
        text("b")
        crash.crash_point("cp1")
        text("c")
    assert trip.size == (2, 2, 2)
    assert trip.calls["pixels/providers/coerce.py", "text", text.__code__.co_firstlineno] == 3
    assert trip.moves_into == {"pixels/crash.py": 1, "pixels/providers/coerce.py": 1}


def test_a_trip_goes_on_in_the_threads_that_the_work_starts_and_ends_with_it():
    trip = Trip()
    with trip.recorded():
        thread = threading.Thread(target=text, args=("a",))
        thread.start()
        thread.join()
    clock.passed("lease_until", clock.now(), 1)
    threading.Thread(target=text, args=("a",)).start()
    assert sum(trip.calls.values()) == 1


def test_the_sandbox_is_not_on_the_way():
    trip = Trip()
    with trip.recorded(), SandboxServer():
        pass
    assert trip.size == (0, 0, 0)
