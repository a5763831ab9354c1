"""A real browser on the real product. Any message that a page writes to the console fails the test."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response, expect

from tests.services import lacking
from tests.stack import Stack

from .person import Person

expect.set_options(timeout=20_000)

# What shows no database runs on one stack; shared out so that both are at work for the same time.
on_sqlite = pytest.mark.parametrize("stack", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize(
    "stack", ["sqlite" if lacking("postgres", "redis") else "postgres"], indirect=True
)


@pytest.fixture(scope="session")
def base_url(stack: Stack) -> str:
    return stack.url


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    # Without motion, or a colour on its way to another one would be measured.
    return browser_context_args | {
        "reduced_motion": "reduce",
        "permissions": ["clipboard-read", "clipboard-write"],
    }


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext]) -> Iterator[Callable[..., BrowserContext]]:
    """Browser contexts that record console errors, failing scripts, requests blocked by the policy, and responses of
    500."""
    said: list[ConsoleMessage] = []
    complaints: list[str] = []
    refusals: set[str] = set()

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            said.append(message)

    def on_response(response: Response) -> None:
        if response.status >= 500:
            complaints.append(f"{response.status} from {response.url}")
        elif response.status >= 400 and response.request.is_navigation_request():
            refusals.add(response.url)

    def make(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.on("console", on_console)
        context.on("response", on_response)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        return context

    yield make
    for message in said:
        # The browser notes every page that answers 404 or 422, also where that is the right answer, and htmx
        # every request that it takes back itself or that ends with its page.
        refused = message.text.startswith("Failed to load resource") and message.location["url"] in refusals
        taken_back = message.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
        if not refused and not taken_back:
            complaints.append(f"{message.text} ({message.location['url']})")
    assert complaints == []


@pytest.fixture
def unique() -> Callable[[str], str]:
    """A name that no other test uses, since tests share one product and its sandbox."""
    return lambda word: f"{word} {uuid.uuid4().hex[:8]}"


@pytest.fixture
def someone() -> Callable[..., Person]:
    """A person without an account yet."""

    def arrive(page: Page, name: str = "alice") -> Person:
        return Person(page, f"{name}-{uuid.uuid4().hex[:8]}@shop.example")

    return arrive


@pytest.fixture
def alice(page: Page, someone: Callable[..., Person]) -> Person:
    person = someone(page)
    person.sign_up()
    return person


class Sandbox:
    """The providers' side: what they hold, and what others do there."""

    def __init__(self, url: str) -> None:
        self.url = url

    def objects(self, provider: str, name: str = "") -> list[dict[str, Any]]:
        """What the provider holds, oldest first: all, or those whose name begins so."""
        answer = requests.get(f"{self.url}/_sandbox/objects", {"provider": provider}, timeout=10)
        return [held for held in answer.json()["objects"] if held["name"].startswith(name)]

    def create_at_xandr(self, **fields: Any) -> int:
        """As another tool would: logs in and creates a pixel of advertiser 2."""
        sign_in = {"auth": {"username": "sandbox", "password": "sandbox"}}
        token = requests.post(f"{self.url}/xandr/auth", json=sign_in, timeout=10).json()["response"]["token"]
        answer = requests.post(
            f"{self.url}/xandr/pixel?advertiser_id=2",
            json={"pixel": fields},
            headers={"Authorization": token},
            timeout=10,
        )
        return answer.json()["response"]["id"]


@pytest.fixture
def sandbox(stack: Stack) -> Sandbox:
    return Sandbox(stack.sandbox_url)
