"""The clients at the sandbox, which knows nothing of them. That nothing comes back otherwise: test_no_difference.py."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadCredentials, NotFound, Rejected
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef
from pixels.sandbox.server import SandboxServer
from tests.pixels.providers.conftest import Tokens
from tests.pixels.providers.members import MEMBERS


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("sandbox") / "state.sqlite3") as server:
        yield server


@pytest.fixture
def member(sandbox: SandboxServer) -> Callable[..., tuple[Provider, AdAccountRef]]:
    def make(slug: str, **credentials: str) -> tuple[Provider, AdAccountRef]:
        known, account = MEMBERS[slug]
        provider = PROVIDERS[slug](
            {**known, **credentials}, f"{sandbox.url}/{slug}", lambda call, wanted=1: wanted, Tokens(None)
        )
        return provider, account

    return make


@pytest.mark.parametrize("slug", ["pitchtarget", "xandr"])
def test_a_created_pixel_is_found_and_listed(slug: str, member: Callable[..., Any]) -> None:
    provider, account = member(slug)
    (word, *_) = provider.vocabulary
    options = {"state": "active", "trigger_type": "click", "code": "ph-found"} if slug == "xandr" else {}
    made = provider.create_pixel(account, "Find me", (word.value,), options, "ph-found")

    assert [pixel.remote_id for pixel in provider.find_pixels(account, "ph-found", "Find me")] == [made.remote_id]
    assert provider.find_pixels(account, "ph-lost", "Nobody has this name") == []
    listed = [pixel.remote_id for page in provider.list_pixels(account) for pixel in page.pixels]
    assert listed.count(made.remote_id) == 1
    assert len(listed) == len(set(listed))


def test_more_than_a_page_of_xandr_pixels_is_listed_whole(member: Callable[..., Any]) -> None:
    provider, _ = member("xandr")
    account = AdAccountRef(id="8", code="adv-8")
    options = {"state": "active", "trigger_type": "click"}
    made = {provider.create_pixel(account, f"Pixel {number}", ("7",), options, "").remote_id for number in range(101)}
    pages = list(provider.list_pixels(account))
    assert {pixel.remote_id for page in pages for pixel in page.pixels} == made
    assert len(pages) == 2
    assert [page.total for page in pages] == [101, 101]


def test_a_xandr_pixel_is_changed_deactivated_and_deleted(member: Callable[..., Any]) -> None:
    provider, account = member("xandr")
    options = {"state": "active", "trigger_type": "click", "post_click_value": 5.0, "code": "ph-changed"}
    remote_id = provider.create_pixel(account, "Before", ("7",), options, "ph-changed").remote_id

    changes = {"name": "After", "state": "inactive", "events": ("none",), "post_click_value": None}
    provider.update_pixel(account, remote_id, changes)

    pixel = provider.read_pixel(account, remote_id)
    assert (pixel.name, pixel.state, pixel.events) == ("After", "inactive", ("none",))
    assert pixel.options is not None
    assert pixel.options["post_click_value"] is None
    assert pixel.options["code"] == "ph-changed"
    provider.delete_pixel(account, remote_id)
    provider.delete_pixel(account, remote_id)
    with pytest.raises(NotFound):
        provider.read_pixel(account, remote_id)


def test_the_code_of_a_pitchtarget_pixel_comes_with_the_list(member: Callable[..., Any]) -> None:
    provider, account = member("pitchtarget")
    made = provider.create_pixel(account, "With code", ("LEAD",), {}, "ph-1")
    assert made.snippet is None
    assert "<script" in (provider.read_pixel(account, made.remote_id).snippet or "")


def test_a_name_taken_at_pitchtarget_is_refused_in_its_words(member: Callable[..., Any]) -> None:
    provider, account = member("pitchtarget")
    provider.create_pixel(account, "Taken", ("LEAD",), {}, "ph-1")
    with pytest.raises(Rejected) as caught:
        provider.create_pixel(account, "Taken", ("LEAD",), {}, "ph-2")
    assert caught.value.provider_message
    assert not caught.value.maybe_done


@pytest.mark.parametrize(
    ("slug", "wrong"),
    [
        ("easyflow", {"api_key": "wrong"}),
        ("easyflow", {"api_secret": "wrong"}),
        ("pitchtarget", {"token": "wrong"}),
        ("xandr", {"password": "wrong"}),
    ],
)
def test_wrong_credentials_raise_bad_credentials(slug: str, wrong: dict[str, str], member: Callable[..., Any]) -> None:
    provider, account = member(slug, **wrong)
    with pytest.raises(BadCredentials):
        if provider.can("check_credentials"):
            provider.check_credentials(account)
        else:
            provider.create_pixel(account, "Shop", ("pix-copied",), {"platform": "meta"}, "ph-1")


@pytest.mark.parametrize("slug", ["pitchtarget", "xandr"])
def test_right_credentials_pass_the_check(slug: str, member: Callable[..., Any]) -> None:
    provider, account = member(slug)
    provider.check_credentials(account)
