"""The provider's side: the objects of each of our pixels, the creates that it received, other people's changes, and
requests that are still under way."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.utils import timezone

from pixels.providers.values import AdAccountRef
from pixels.sandbox import app, xandr_pixels
from pixels.sandbox.fault_rules import Faults
from pixels.sandbox.server import SandboxServer
from tests.pixels.conftest import AD_ACCOUNTS

# The first word of a pixel's name, on both sides; it never changes.
TAG = re.compile(r"pixel-\d+")
OBJECTS: dict[str, dict[str, Any]] = {
    "easyflow": {
        "id": "made-elsewhere-{}", "ownerId": "sandbox-owner", "events": ["pix-copied"], "platform": "gtm",
        "status": "active", "externalReferenceId": "theirs", "code": "", "description": "",
        "metadata": {"conversion-label": ""},
    },
    "pitchtarget": {"id": "77{}", "tag": "lead", "status": "Active", "creator": "c", "js_pixel": "<b>"},
    "xandr": {"id": 77, "advertiser_id": 2, "state": "active", "trigger_type": "click", "code": "theirs"},
}  # fmt: skip


class ProviderSide:
    def __init__(self, server: SandboxServer, slug: str, *, list_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slug = slug
        self._store, self._url, self._list_on = server.store, server.url, list_on
        self._control = requests.Session()
        self._control.trust_env = False
        real = app.answer

        def answer(request: Any, *rest: Any) -> Any:
            """What comes is counted before any fault."""
            found = TAG.search(request.body.decode("utf-8", "replace"))
            if found and request.method == "POST" and not request.path.startswith("/_sandbox"):
                self.asked[found[0]] += 1
            return real(request, *rest)

        monkeypatch.setattr(app, "answer", answer)
        monkeypatch.setattr(xandr_pixels, "_now", _now)
        monkeypatch.setattr(Faults, "later", lambda faults, seconds, work: self.on_the_way.append(work))
        self.reset()

    def reset(self) -> None:
        """Empty the provider."""
        self.asked: Counter[str] = Counter()  # creates received for this pixel
        self.on_the_way: list[Callable[[], Any]] = []  # requests that take effect later
        self.took_effect_late: set[str] = set()  # pixels that such a request has made
        self.ever_held: defaultdict[str, set[str]] = defaultdict(set)  # ids of all objects that each pixel ever had
        self.made_by_others: set[str] = set()  # ids of objects that somebody else has made
        self._ask("POST", "reset")
        self._ask("POST", "switch", json={"easyflow_list": self._list_on})

    @property
    def account(self) -> AdAccountRef:
        return AD_ACCOUNTS[self.slug]

    def _ask(self, method: str, path: str, **more: Any) -> None:
        answer = self._control.request(method, f"{self._url}/_sandbox/{path}", timeout=10, **more)
        assert answer.status_code == 200, answer.text

    def fault(self, fault: str, operation: str, **given: Any) -> None:
        self._ask("POST", "faults", json={"provider": self.slug, "fault": fault, "operation": operation, **given})

    def no_faults(self) -> None:
        self._ask("DELETE", "faults")

    def held(self) -> dict[str, dict[str, Any]]:
        return {str(one["id"]): one for one in self._store.objects(self.slug)}

    def made_for(self, tag: str) -> dict[str, dict[str, Any]]:
        """The objects that were made for this pixel and still exist."""
        return {
            remote_id: one
            for remote_id, one in self.held().items()
            if remote_id not in self.made_by_others and TAG.match(one["name"]) and TAG.match(one["name"])[0] == tag
        }

    def look(self) -> None:
        """Remember the present objects; called after every event."""
        for remote_id, one in self.held().items():
            if remote_id not in self.made_by_others and (found := TAG.match(one["name"])):
                self.ever_held[found[0]].add(remote_id)

    def arrive(self) -> None:
        """Let the requests that are under way take effect."""
        on_the_way, self.on_the_way = self.on_the_way, []
        for work in on_the_way:
            before = set(self.held())
            work()
            for remote_id, one in self.held().items():
                if remote_id not in before:
                    self.took_effect_late.add(TAG.match(one["name"])[0])  # type: ignore[index]

    def rename(self, remote_id: str, name: str) -> None:
        if one := self.held().get(remote_id):
            self._put({**one, "name": name, "last_modified": _now()})

    def remove(self, remote_id: str) -> None:
        self._store.delete(self.slug, remote_id)

    def make(self, name: str) -> str:
        """Make an object as somebody else."""
        one = {**OBJECTS[self.slug], "name": name, "last_modified": _now()}
        if self.slug != "xandr":
            one["id"] = one["id"].format(len(self.made_by_others))
        else:
            one["id"] += len(self.made_by_others)
        self.made_by_others.add(str(one["id"]))
        self._put(one)
        return str(one["id"])

    def _put(self, one: dict[str, Any]) -> None:
        if self.slug != "xandr":
            one.pop("last_modified", None)
        self._store.put(self.slug, self.account.id, str(one["id"]), one)


def _now() -> str:
    """The provider's time passes with the product's."""
    return f"{timezone.now():%Y-%m-%d %H:%M:%S}"
