"""Fourth: beacons behind a key, `GET|POST /beacons` and `GET|PUT|DELETE /beacons/:id`, all JSON."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django import forms

from pixels.providers.base import Provider
from pixels.providers.coerce import Shape, coerce, object_id, text
from pixels.providers.errors import NotFound
from pixels.providers.fields import EventsField, KeyField, TextField
from pixels.providers.forms import ConnectionForm, PixelForm
from pixels.providers.transport.response import Answer
from pixels.providers.values import (
    AdAccountRef,
    LifecycleNotice,
    Page,
    ProviderEvent,
    Remark,
    RemotePixel,
    Tag,
    TagContext,
)

DOCUMENT = "Fourth's own page, which does not exist"

VOCABULARY = (
    ProviderEvent(
        value="buy", label="Buy", sentence="A purchase is finished", event="purchase", grade="exact", source=DOCUMENT
    ),
    ProviderEvent(
        value="join", label="Join", sentence="Somebody signs up", event="registration", grade="exact", source=DOCUMENT
    ),
)
SHAPES: dict[str, Shape] = {"colour": text, "mark": text}


class FourthConnectionForm(ConnectionForm):
    key = KeyField(label="Fourth key")
    ad_account = TextField(label="Garden", max_length=64)
    field_order = ("key", "ad_account")


class FourthPixelForm(PixelForm):
    events = EventsField(VOCABULARY)
    colour = forms.ChoiceField(label="Colour", choices=(("red", "Red"), ("blue", "Blue")), initial="red")
    mark = TextField(label="Mark", max_length=255, required=False)

    def options(self) -> dict[str, Any]:
        return {"colour": self.cleaned_data["colour"] or None, "mark": self.cleaned_data["mark"] or None}

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        options = coerce(options, SHAPES)
        return {"events": list(events), "colour": options.get("colour"), "mark": options.get("mark") or ""}


class Fourth(Provider):
    slug = "fourth"
    label = "Fourth"
    live_url = "https://fourth.example"
    ad_account_label = "Garden"
    capabilities = frozenset({"create", "list", "read", "find", "update", "delete", "check_credentials"})
    missing = {
        "activate": "Fourth's beacons are always on.",
        "ad_accounts": "Fourth has no list of gardens.",
        "last_fired": "Fourth does not say when a beacon last fired.",
        "changed_since": "Fourth does not say what has changed.",
    }
    sentences = {
        "fourth.no_such_beacon": "Fourth says that this beacon does not exist.",
        "fourth.key_refused": "Fourth refused the key.",
    }
    lifecycle_notice = LifecycleNotice(
        status="active", sentence="Fourth was invented today.", source="https://fourth.example", as_of="2026-11-22"
    )
    vocabulary = VOCABULARY
    connection_form = FourthConnectionForm
    secret_fields = frozenset({"key"})
    pixel_form = FourthPixelForm
    reference_option = "mark"

    def check_credentials(self, ad_account: AdAccountRef | None) -> Remark:
        self._call("read", "GET", "/beacons", garden=ad_account.id if ad_account else "")
        return Remark()

    def create_pixel(
        self, ad_account: AdAccountRef, name: str, events: tuple[str, ...], options: Mapping[str, Any], reference: str
    ) -> RemotePixel:
        beacon = {"name": name, "on": list(events), **options}
        answer = self._call("write", "POST", "/beacons", garden=ad_account.id, json=beacon)
        return self._beacon(answer, answer.json())

    def read_pixel(self, ad_account: AdAccountRef, remote_id: str) -> RemotePixel:
        answer = self._call("read", "GET", f"/beacons/{remote_id}", garden=ad_account.id)
        return self._beacon(answer, answer.json())

    def find_pixels(
        self, ad_account: AdAccountRef, reference: str, name: str, since: datetime | None = None
    ) -> list[RemotePixel]:
        pages = self.list_pixels(ad_account)
        return [one for page in pages for one in page.pixels if (one.options or {}).get("mark") == reference]

    def list_pixels(
        self, ad_account: AdAccountRef, changed_since: datetime | None = None, after: str | None = None
    ) -> Iterator[Page]:
        answer = self._call("read", "GET", "/beacons", garden=ad_account.id)
        body = answer.json()
        if not isinstance(body, list):
            raise answer.unusable()
        yield Page.of((self._beacon(answer, one) for one in body), total=len(body))

    def update_pixel(self, ad_account: AdAccountRef, remote_id: str, changes: Mapping[str, Any]) -> RemotePixel:
        named = {("on" if name == "events" else name): value for name, value in changes.items()}
        answer = self._call("write", "PUT", f"/beacons/{remote_id}", garden=ad_account.id, json=named)
        return self._beacon(answer, answer.json())

    def delete_pixel(self, ad_account: AdAccountRef, remote_id: str) -> None:
        with suppress(NotFound):
            self._call("write", "DELETE", f"/beacons/{remote_id}", garden=ad_account.id)

    @classmethod
    def tags(cls, subject: TagContext) -> list[Tag]:
        if not subject.remote_id.isalnum():
            return []
        return [
            Tag(
                slug="beacon",
                title="Beacon",
                copy_label="Copy beacon",
                body=f'<script src="https://fourth.example/{subject.remote_id}.js"></script>\n',
                where="Anywhere on the page.",
            )
        ]

    def _call(self, kind: Any, method: str, path: str, *, garden: str, json: Any = None) -> Answer:
        headers = {"X-Fourth-Key": self.credential("key")}
        answer = self.http.call(kind, method, path, headers=headers, params={"garden": garden}, json=json)
        if answer.status == 404 and path != "/beacons":
            raise NotFound("fourth.no_such_beacon", status=404)
        if not answer.ok:
            raise answer.fault("fourth.key_refused")
        return answer

    @staticmethod
    def _beacon(answer: Answer, body: Any) -> RemotePixel:
        remote_id = object_id(body.get("id")) if isinstance(body, dict) else None
        if remote_id is None:
            raise answer.unusable()
        events = body.get("on")
        return RemotePixel(
            remote_id=remote_id,
            name=text(body.get("name")),
            events=tuple(events) if isinstance(events, list) else None,
            options=coerce(body, SHAPES),
            raw=body,
        )
