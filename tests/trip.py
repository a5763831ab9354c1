"""How far a reader travels: the product's files and functions that a worker crosses for one piece of work.

    python -m tests.trip             three trips, a line each
    python -m tests.trip --costs     also the files and functions on the way, those with the most moves and calls first

The trips run in this process: the task's function is called directly, with a real database, broker and sandbox server,
at Xandr, where an unconfirmed create can be looked up. `sys.setprofile` reports each call of a Python function in the
task's thread and in the threads that the task starts. Counted are calls of code in pixelhub/, accounts/ and pixels/,
without pixels/sandbox/ (the other side of the network). Comprehensions and generator expressions count as part of the
function that holds them. Logging is off, so that the log's own filters are no part of the trip.

- files: in how many files such a function was called.
- functions: how many different functions were called, told apart by file, qualified name and first line.
- moves: how often a call lies in another file than the call before it. Returns are not counted, nor is what a library
  does in between. A generator that goes on counts as a call.

By this definition a create was 31 files, 144 functions and 242 moves at commit d3223e6, before the outbox was
rebuilt; another count of that commit gave 31, 140 and 243, and these three are the bounds of tests/test_trip.py.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from uuid import uuid4

import django
import requests

from tests import environment  # noqa: F401  (before Django reads its settings)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelhub.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.services import create_team  # noqa: E402
from pixels import tasks  # noqa: E402
from pixels.models import Operation, Pixel  # noqa: E402
from pixels.sandbox.server import SandboxServer  # noqa: E402
from pixels.services import connections, pixels  # noqa: E402
from tests.pixels.conftest import AD_ACCOUNTS, CREDENTIALS, EVENT, OPTIONS  # noqa: E402
from tests.stack import running_broker  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = tuple(f"{ROOT / name}{os.sep}" for name in ("pixelhub", "accounts", "pixels"))
SANDBOX = f"{ROOT / 'pixels' / 'sandbox'}{os.sep}"
INLINE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
XANDR = "xandr"


@dataclass
class Trip:
    """The files and functions that one piece of work crossed."""

    moves_into: Counter[str] = field(default_factory=Counter)  # by file
    calls: Counter[tuple[str, str, int]] = field(default_factory=Counter)  # by file, qualified name, first line
    moves: int = 0

    @property
    def size(self) -> tuple[int, int, int]:
        return len({file for file, _, _ in self.calls}), len(self.calls), self.moves

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Count what this thread does, and every thread that it starts meanwhile."""
        threading.setprofile(self._recorder())  # one recorder for all of them: those threads only fetch pages
        sys.setprofile(self._recorder())
        logging.disable()
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
            logging.disable(logging.NOTSET)

    def __add__(self, other: Trip) -> Trip:
        """Two tasks as one: what both cross counts once, and their moves are added up."""
        return Trip(self.moves_into + other.moves_into, self.calls + other.calls, self.moves + other.moves)

    def _recorder(self) -> Any:
        last = ""

        def record(frame: FrameType, event: str, _: Any) -> None:
            nonlocal last
            code = frame.f_code
            if event != "call" or code.co_name in INLINE or not (file := _file_of(code)):
                return
            self.calls[file, code.co_qualname, code.co_firstlineno] += 1
            if last and file != last:
                self.moves_into[file] += 1
                self.moves += 1
            last = file

        return record


_files: dict[CodeType, str] = {}


def _file_of(code: CodeType) -> str:
    """The file of the product in which this code stands, from the root on; "" for all other code."""
    if code not in _files:
        name = code.co_filename
        ours = name.startswith(PRODUCT) and not name.startswith(SANDBOX)
        _files[code] = os.path.relpath(name, ROOT) if ours else ""
    return _files[code]


class Worker:
    """A team with a tested connection to Xandr's sandbox, and a worker whose tasks are called by hand."""

    def __init__(self, sandbox_url: str) -> None:
        self.sandbox_url = sandbox_url
        self.user = User.objects.create_user("trip@shop.example", name="Trip")
        self.connection = connections.connect(
            create_team(self.user, "Trip"),
            self.user,
            provider=XANDR,
            environment="sandbox",
            credentials=CREDENTIALS[XANDR],
            ad_account=AD_ACCOUNTS[XANDR],
        )
        tasks.test_connection.run(str(self.connection.pk))  # as in life: the session that it opened is stored

    def create(self) -> Trip:
        """A create, from the message to the row that has the id and the code."""
        pixel, trip = self._promise("Create"), Trip()
        self._push(trip)
        self._must_be_live(pixel)
        return trip

    def lost_answer(self) -> tuple[Trip, Trip]:
        """A create that is carried out and whose answer is lost; then, after the quiet time, its look-up and link."""
        pixel, create, look_up = self._promise("Lost answer"), Trip(), Trip()
        lost = {"provider": XANDR, "operation": "create", "fault": "drop", "effect": True, "count": 1}
        requests.post(f"{self.sandbox_url}/_sandbox/faults", json=lost, timeout=10).raise_for_status()
        self._push(create)
        operations = Operation.objects.filter(pixel=pixel)
        if operations.get().state != Operation.State.UNCONFIRMED:
            raise RuntimeError("The create did not lose its answer.")
        operations.update(not_before=None)
        self._push(look_up)
        self._must_be_live(pixel)
        return create, look_up

    def changed_page(self) -> Trip:
        """A full pull of one page on which one pixel has another name than at the pull before."""
        pixel, trip = Pixel.objects.filter(lifecycle=Pixel.Lifecycle.LIVE).earliest("created_at"), Trip()
        self._pull(Trip())
        self._rename_there(pixel, "Changed elsewhere")
        self._pull(trip)
        pixel.refresh_from_db()
        if "name" not in pixel.drift:
            raise RuntimeError("The pull did not see the change.")
        return trip

    def _promise(self, name: str) -> Pixel:
        pixel_id = uuid4()
        draft = pixels.Draft(
            id=pixel_id, name=name, events=(EVENT[XANDR],), options=OPTIONS[XANDR] | {"code": f"ph-{pixel_id}"}
        )
        account = self.connection.ad_accounts.get()
        [pixel] = pixels.create_pixels(
            self.connection.team, self.user, ad_account=account, website=None, drafts=[draft]
        )
        return pixel

    def _push(self, trip: Trip) -> None:
        with trip.recorded():
            tasks.push_connection.run(str(self.connection.pk))

    def _pull(self, trip: Trip) -> None:
        run = connections.sync_now(self.connection, None)
        with trip.recorded():
            tasks.pull_connection.run(str(run.pk))
        run.refresh_from_db()
        if run.state != "done":
            raise RuntimeError(f"The pull is {run.state}: {run.error_message} {run.error_params}")

    def _must_be_live(self, pixel: Pixel) -> None:
        pixel.refresh_from_db()
        if pixel.lifecycle != Pixel.Lifecycle.LIVE:
            raise RuntimeError(f"{pixel.name} is {pixel.lifecycle}: {pixel.error_message} {pixel.error_params}")

    def _rename_there(self, pixel: Pixel, name: str) -> None:
        """At the provider, as another tool would."""
        url, log_in = f"{self.sandbox_url}/xandr", {"auth": CREDENTIALS[XANDR]}
        token = requests.post(f"{url}/auth", json=log_in, timeout=10).json()["response"]["token"]
        requests.put(
            f"{url}/pixel",
            params={"advertiser_id": AD_ACCOUNTS[XANDR].id, "id": pixel.remote_id},
            json={"pixel": {"name": name}},
            headers={"Authorization": token},
            timeout=10,
        ).raise_for_status()


def trips(sandbox_url: str) -> dict[str, Trip]:
    worker = Worker(sandbox_url)
    create = worker.create()
    lost, looked_up = worker.lost_answer()
    return {
        "a create": create,
        "a lost answer, the create": lost,
        "a lost answer, look-up and link": looked_up,
        "a lost answer, both tasks": lost + looked_up,
        "a pulled page, one changed pixel": worker.changed_page(),
    }


def report(all_trips: dict[str, Trip], costs: bool) -> Iterator[str]:
    for name, trip in all_trips.items():
        files, functions, moves = trip.size
        yield f"{name}: {files} files, {functions} functions, {moves} moves"
        if not costs:
            continue
        here = Counter(file for file, _, _ in trip.calls)
        for file, into in trip.moves_into.most_common():
            yield f"    {into:4} moves into, {here[file]:3} functions: {file}"
        for (file, function, line), times in trip.calls.most_common(15):
            yield f"    {times:4} calls: {file}:{line} {function}"


def main() -> None:
    logging.getLogger().setLevel(logging.WARNING)
    call_command("migrate", verbosity=0)
    with running_broker(), SandboxServer() as server:
        settings.SANDBOX_URL = server.url
        for line in report(trips(server.url), costs="--costs" in sys.argv[1:]):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
