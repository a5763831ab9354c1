"""The provider of all contenders: the project's own sandbox, in a process of its own, filled with Xandr pixels."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from tests.services import end_with_parent, free_port, wait_for
from tests.stack import ROOT

ADVERTISER = 2
ADVERTISER_CODE = "adv-2"
FIRST_ID = 2_000_000
BATCH = 1000
TIMES = "%Y-%m-%d %H:%M:%S"
WORDS = ("Purchase", "Lead", "Sign-up", "Basket", "Checkout", "Landing page", "Newsletter")
EVENTS = (7, 8, 2, 4, 5, 2, 8)
PIGGYBACK = [{"pixel_type": "img", "url": "https://partner.example/pixel.gif"}]
COMMON = "Purchase"  # in the name of every seventh pixel


class Sandbox:
    def __init__(self, size: int) -> None:
        self.size = size
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = TemporaryDirectory(prefix="pixelhub-bench-sandbox-")
        self._since = datetime.now(UTC) - timedelta(days=1)
        command = [sys.executable, "manage.py", "sandbox", "--port", str(self.port)]
        command += ["--state", str(Path(self._directory.name) / "state.sqlite3")]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent
        )
        wait_for("The sandbox", self._answers, self._process)
        self._seed([self.pixel(number) for number in range(size)])
        self._asked = self.requests()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._directory.cleanup()

    def pixel(self, number: int, **changes: Any) -> dict[str, Any]:
        """Last modified more than a day ago, no two at the same second."""
        modified = (self._since - timedelta(seconds=7 * number)).strftime(TIMES)
        return {
            "id": FIRST_ID + number,
            "advertiser_id": ADVERTISER,
            "name": f"Shop {number % 997} – {WORDS[number % 7]} {number}",
            "code": f"shop-{number}",
            "state": "active" if number % 10 else "inactive",
            "trigger_type": "hybrid" if number % 3 else "click",
            "min_minutes_per_conv": None,
            "piggyback_pixels": PIGGYBACK if number % 20 == 0 else None,
            "pixel_conversion_event_id": EVENTS[number % 7],
            "post_click_expire_mins": 43200,
            "post_click_value": 1.5 if number % 5 == 0 else None,
            "post_view_expire_mins": 1440,
            "post_view_value": None,
            "campaigns": None,
            "created_on": modified,
            "last_modified": modified,
            **changes,
        }

    @property
    def share(self) -> range:
        """The numbers of one pixel in a hundred."""
        return range(0, self.size, 100)

    def change(self, mark: str) -> None:
        """Rename those pixels, as of this second."""
        now = datetime.now(UTC).strftime(TIMES)
        changed = [self.pixel(number) for number in self.share]
        self._seed([{**pixel, "name": f"{pixel['name']} {mark}", "last_modified": now} for pixel in changed])

    def change_back(self) -> None:
        """As if they had never changed."""
        self._seed([self.pixel(number) for number in self.share])

    def token(self) -> str:
        return self._post("/xandr/auth", {"auth": {"username": "sandbox", "password": "sandbox"}})["response"]["token"]

    def counts(self) -> dict[str, Any]:
        return self._get("/_sandbox/requests")

    def requests(self) -> int:
        return sum(self.counts()["requests"].get("xandr", {}).values())

    def asked_since(self) -> int:
        """How many requests came since the last time this was called."""
        before, self._asked = self._asked, self.requests()
        return self._asked - before

    def switch(self, **switches: Any) -> None:
        self._post("/_sandbox/switch", switches)

    def be_slow(self, seconds: float) -> None:
        """Delay every page of a list by so much, until `be_quick`."""
        fault = {"provider": "xandr", "operation": "list", "fault": "delay_before", "seconds": seconds, "count": None}
        self._post("/_sandbox/faults", fault)

    def be_quick(self) -> None:
        self._ask(urllib.request.Request(f"{self.url}/_sandbox/faults", method="DELETE"))

    def _seed(self, pixels: list[dict[str, Any]]) -> None:
        for start in range(0, len(pixels), BATCH):
            self._post("/_sandbox/seed", {"provider": "xandr", "objects": pixels[start : start + BATCH]})

    def _answers(self) -> bool:
        try:
            return bool(self._get("/_sandbox/faults") or True)
        except OSError:
            return False

    def _get(self, path: str) -> Any:
        return self._ask(urllib.request.Request(self.url + path))

    def _post(self, path: str, body: Any) -> Any:
        return self._ask(urllib.request.Request(self.url + path, data=json.dumps(body).encode()))

    def _ask(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
