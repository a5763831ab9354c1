"""What the contract test knows of each provider, and a provider at the sandbox to test it with."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.services import RuleViolation
from pixels.limits.provider_session import open_provider
from pixels.models import Connection
from pixels.providers.base import Provider
from pixels.providers.errors import NotSupported
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef, Capability
from pixels.services import connections
from tests.pixels.conftest import AD_ACCOUNTS, CREDENTIALS, Sandbox
from tests.pixels.said import said

LIST_ON = "easyflow_list"  # Easyflow with its inferred list, here and at the sandbox
CASES = [*PROVIDERS, LIST_ON]


def slug_of(case: str) -> str:
    return case.removesuffix("_list")


# Which of a provider's fields changes there, into what, and which of ours then differs (None: none of ours).
REMOTE_CHANGES: dict[str, list[tuple[str, Any, str | None]]] = {
    "easyflow": [
        ("name", "Renamed", "name"),
        ("events", ["pix-copied"], "events"),
        ("platform", "gtm", "platform"),
        ("code", "AW-1", "code"),
        ("description", "Theirs", "description"),
        ("externalReferenceId", "theirs", "external_reference"),
        ("metadata", {"conversion-label": "theirs"}, "conversion_label"),
        ("status", "inactive", None),  # has no local value until somebody here has switched it
        ("updatedAt", "2031-01-01T00:00:00.000Z", None),
    ],
    "pitchtarget": [
        ("name", "Renamed", "name"),
        ("tag", "other", "events"),
        ("status", "Active", None),
        ("creator", "Somebody else", None),
    ],
    "xandr": [
        ("name", "Renamed", "name"),
        ("pixel_conversion_event_id", 8, "events"),
        ("pixel_conversion_event_id", None, "events"),
        ("state", "inactive", "state"),
        ("trigger_type", "hybrid", "trigger_type"),
        ("min_minutes_per_conv", 0, "min_minutes_per_conv"),
        ("post_click_expire_mins", None, "post_click_expire_mins"),
        ("post_view_expire_mins", 7, "post_view_expire_mins"),
        ("post_click_value", 0, "post_click_value"),
        ("post_view_value", 1.5, "post_view_value"),
        ("code", "theirs", "code"),
        ("piggyback_pixels", [{"pixel_type": "img", "url": "https://a.example/1"}], "piggyback_pixels"),
        ("last_modified", "2031-01-01 00:00:00", None),
        ("campaigns", [{"id": 1}], None),
    ],
}
# Ways to sign in beyond CREDENTIALS; every field of each is also tried wrong.
SIGN_INS = [
    *CREDENTIALS.items(),
    (LIST_ON, CREDENTIALS["easyflow"]),
    ("pitchtarget", {"way": "password", "username": "sandbox", "password": "sandbox", "client_id": "sandbox-client"}),
]

# What screens offer for a capability: an address, and what a browser would send there.
OF_A_PIXEL = {
    "update": ("pixel_edit", {"name": "New"}),
    "activate": ("pixel_state", {"state": "inactive"}),
    "delete": ("pixel_delete", {"confirm": "Ours"}),
}
OF_A_CONNECTION = {"list": "connection_sync", "check_credentials": "connection_test"}
CALLS: dict[Capability, Callable[[Provider, AdAccountRef], Any]] = {
    "list": lambda provider, account: list(provider.list_pixels(account)),
    "read": lambda provider, account: provider.read_pixel(account, "1"),
    "find": lambda provider, account: provider.find_pixels(account, "ph-1", "Ours"),
    "update": lambda provider, account: provider.update_pixel(account, "1", {"name": "New"}),
    "activate": lambda provider, account: provider.activation(True),
    "delete": lambda provider, account: provider.delete_pixel(account, "1"),
    "ad_accounts": lambda provider, account: provider.list_ad_accounts(),
    "last_fired": lambda provider, account: provider.order_last_fired(account),
    "check_credentials": lambda provider, account: provider.check_credentials(account),
}


@dataclass
class Subject:
    """One provider at the sandbox, connected by Alice."""

    slug: str
    sandbox: Sandbox
    connect: Callable[..., Connection]
    list_on: bool

    def __post_init__(self) -> None:
        self.switch()
        self.connection = self.connect(self.slug)

    @property
    def provider(self) -> type[Provider]:
        return PROVIDERS[self.slug]

    def switch(self) -> None:
        self.sandbox.switch(easyflow_list=self.list_on)

    def held(self) -> dict[str, dict[str, Any]]:
        return {str(one["id"]): one for one in self.sandbox.held(self.slug)}

    def put(self, *objects: dict[str, Any]) -> None:
        more = {"ad_account": AD_ACCOUNTS[self.slug].id} if self.slug == "pitchtarget" else {}
        self.sandbox.seed(self.slug, list(objects), **more)

    def remove(self, remote_id: str) -> None:
        kept = [one for key, one in self.held().items() if key != remote_id]
        self.sandbox.ask("POST", "reset")
        self.switch()
        self.put(*kept)

    def ask(self, call: Callable[[Provider, AdAccountRef], Any]) -> Any:
        with open_provider(self.connection) as provider:
            return call(provider, AD_ACCOUNTS[self.slug])

    def cannot(self, capability: Capability, call: Callable[[Provider, AdAccountRef], Any]) -> bool:
        """Whether the provider lacks this capability. Checks that the call then raises the reason and sends nothing."""
        if self.provider.can(capability):
            return False
        before = self.sandbox.ask("GET", "requests")
        with pytest.raises(NotSupported) as caught:
            self.ask(call)
        assert said(caught.value) == self.provider.missing[capability]
        assert self.sandbox.ask("GET", "requests") == before
        return True

    def cannot_list(self) -> bool:
        if not self.cannot("list", lambda provider, account: list(provider.list_pixels(account))):
            return False
        with pytest.raises(RuleViolation, match=re.escape(str(self.provider.missing["list"]))):
            connections.sync_now(self.connection, None)
        return True
