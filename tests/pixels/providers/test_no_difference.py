"""What people make or change reads back at the sandbox without a difference, whatever their pixels are made of.

The sandbox knows nothing of the clients, so a field that is read wrong shows. Each pixel goes the product's way:
through the provider's form to the provider, and what comes back into the comparison that says whether a pixel drifted.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from pixels.models import Connection, Pixel
from pixels.providers.base import Provider
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from pixels.providers.values import AdAccountRef, RemotePixel
from pixels.reconcile.compare import apply_remote, values_of
from pixels.sandbox.server import SandboxServer
from tests.cells import examples
from tests.pixels.providers.conftest import Tokens
from tests.pixels.providers.members import MEMBERS
from tests.pixels.providers.strategies import OPTIONS, events_of, texts

CREATED, CHANGED = examples(80, 1000), examples(40, 500)
TOKEN = "EAAG-this-is-no-token"

# Texts that mean something to somebody on the way: a form, a URL, a template, JSON, a database, a page.
AWKWARD = (
    "0", "null", "None", "true", "-1", "1e3", "[]", "{}", "...", "-", "--x", "#", "%", "%s", "%(name)s", "{{ name }}",
    '"quoted"', "it's", "a=b&c=d", "one + two", "100%25", "&amp;", "<b>", "</script>", "a/b?c", "\\", "\\n", "\\u0041",
    "é", "e\u0301", "ß", "İ", "ﬁ", "購入 完了", "שלום", "🛒\u200d🛒", "\u200bhidden\u200b", "\ufeffmark", "\U0010ffff",
)  # fmt: skip
awkward = st.sampled_from(AWKWARD)
long_texts = st.integers(200, 255).flatmap(lambda length: st.sampled_from("xé🛒").map(lambda sign: sign * length))
names = texts | awkward | long_texts
numbers = st.sampled_from([0.0, -0.0, 0.1, 1e-9, 5e-324, 1e15 + 0.5, 2.0**53 + 2, 1.7976931348623157e308, -12.5])
LONGEST_URL = "https://shop.example/" + "p" * 234
odd_urls = st.sampled_from(
    [LONGEST_URL, "http://shop.example/?a=1&b=%20c;d[]=e#f", "https://bücher.example/ä?ö=ü", "https://10.0.0.1:8443/x"]
)


def more(options: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The same options with a few put to the ends of what their field takes."""
    ends: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("code", "description", "external_reference"), awkward | long_texts),
        **dict.fromkeys(("post_click_value", "post_view_value"), numbers),
        "min_minutes_per_conv": st.sampled_from([None, 0, 1, 32767]),
        "post_click_expire_mins": st.sampled_from([None, 0, 1, 129600]),
        "post_view_expire_mins": st.sampled_from([None, 0, 1, 43200]),
        "piggyback_pixels": odd_urls.map(lambda url: [{"pixel_type": "js", "url": url}] * 2),
    }
    if options.get("platform") == "google":
        ends["conversion_label"] = awkward | long_texts
    if options.get("platform") == "meta":
        ends["enable_capi"] = st.just(True)
    chosen = st.sets(st.sampled_from(sorted(ends.keys() & {*options, "enable_capi"}))) if options else st.just(set())
    return chosen.flatmap(lambda some: st.fixed_dictionaries({name: ends[name] for name in some})).map(
        lambda values: {**options, **values}
    )


@dataclass(frozen=True)
class Wanted:
    name: str
    events: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def values(self) -> dict[str, Any]:
        return {"name": self.name, "events": list(self.events), **self.options}


def wanted(slug: str) -> st.SearchStrategy[Wanted]:
    return st.builds(Wanted, names, events_of(PROVIDERS[slug]), OPTIONS[slug].flatmap(more))


def extremes(slug: str) -> Iterator[Wanted]:
    """Every awkward text once, in all fields that take one."""
    words = [word.value for word in PROVIDERS[slug].vocabulary]
    for number, text in enumerate(AWKWARD):
        options = {
            "easyflow": {"platform": "google"}
            | dict.fromkeys(("conversion_label", "code", "description", "external_reference"), text),
            "xandr": {"state": "active", "trigger_type": "view", "code": text},
        }.get(slug, {})
        yield Wanted(text, (words[number % len(words)],), options)


def through_the_form(provider: type[Provider], typed: Wanted, before: Wanted | None = None) -> Wanted | None:
    """What the form makes of it; None where it refuses."""
    shown = provider.pixel_form.initial_for(typed.events, typed.options)
    data = {name: value for name, value in shown.items() if value is not None}
    if before is None:
        form = provider.pixel_form(data)
        assert form.is_valid(), form.errors  # the strategies know the limits
    else:
        form = provider.pixel_form.for_pixel(before.events, before.options, data)
        if not form.is_valid():
            return None  # a fixed field forbids what would do for a new pixel
    try:
        name = form.clean_name(typed.name)
    except ValidationError:
        return None
    return Wanted(name, tuple(form.cleaned_data["events"]), form.options())


def drift(provider: Provider, ours: Mapping[str, Any], remote: RemotePixel) -> list[str]:
    options = {key: value for key, value in ours.items() if key not in ("name", "events")}
    row = Pixel(
        connection=Connection(provider=provider.slug), name=ours["name"], events=list(ours["events"]), options=options
    )
    apply_remote(row, remote)
    return list(row.drift)


# What an answer never says: Easyflow's documented ones have no serverSideMetadata.
SILENT_ABOUT = {"easyflow": {"enable_capi"}}


def assert_same(provider: Provider, ours: Mapping[str, Any], remote: RemotePixel) -> None:
    """No difference, and not for want of an answer."""
    assert drift(provider, ours, remote) == []
    assert ours.keys() - values_of(remote).keys() <= SILENT_ABOUT.get(provider.slug, set())


@dataclass
class Member:
    """A provider object and an ad account; keeps what was made there, by remote id."""

    provider: Provider
    account: AdAccountRef
    made: dict[str, dict[str, Any]] = field(default_factory=dict)

    def create(self, pixel: Wanted) -> RemotePixel:
        options: dict[str, Any] = dict(pixel.options)
        if options.get("enable_capi"):
            options["capi_access_token"] = Secret(TOKEN)
        answer = self.provider.create_pixel(self.account, pixel.name, pixel.events, options, "ph-1")
        assert TOKEN not in repr(answer)
        self.made[answer.remote_id] = pixel.values
        return answer

    def read(self, remote_id: str) -> RemotePixel:
        return self.provider.read_pixel(self.account, remote_id)

    def assert_listed(self) -> None:
        """The whole list has each once, as it was made or last changed."""
        listed = [pixel for page in self.provider.list_pixels(self.account) for pixel in page.pixels]
        assert sorted(pixel.remote_id for pixel in listed) == sorted(self.made)
        for pixel in listed:
            assert_same(self.provider, self.made[pixel.remote_id], pixel)
            assert TOKEN not in repr(pixel)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def member(sandbox: SandboxServer) -> Callable[[str], Member]:
    def make(slug: str) -> Member:
        credentials, account = MEMBERS[slug]
        sandbox.store.reset()
        url = f"{sandbox.url}/{slug}"
        return Member(PROVIDERS[slug](credentials, url, lambda call, wanted=1: wanted, Tokens(None)), account)

    return make


def many(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("slug", PROVIDERS)
def test_what_was_created_reads_back_as_it_was_made(slug: str, member: Callable[[str], Member]) -> None:
    there = member(slug)
    provider = there.provider

    def reads_back(typed: Wanted) -> bool:
        pixel = through_the_form(type(provider), typed)
        if pixel is None:
            return False
        taken = any(values["name"].casefold() == pixel.name.casefold() for values in there.made.values())
        if taken and provider.can("name_unique"):
            pixel = Wanted(f"{pixel.name} {len(there.made)}", pixel.events, pixel.options)
        remote = there.create(pixel)
        if provider.can("read"):
            remote = there.read(remote.remote_id)
        assert_same(provider, pixel.values, remote)
        return True

    @many(CREATED)
    @given(typed=wanted(slug))
    def check(typed: Wanted) -> None:
        assume(reads_back(typed))

    assert sum(map(reads_back, extremes(slug))) > len(AWKWARD) // 2
    before = len(there.made)
    check()

    assert len(there.made) - before >= CREATED
    if provider.can("list"):
        there.assert_listed()


def test_easyflow_lists_what_was_created_as_it_was_made(
    sandbox: SandboxServer, member: Callable[[str], Member], settings: Any
) -> None:
    settings.EASYFLOW_LIST = True
    there = member("easyflow")
    sandbox.store.set_switch("easyflow_list", True)

    def create(typed: Wanted) -> None:
        pixel = through_the_form(PROVIDERS["easyflow"], typed)
        assert pixel is not None
        there.create(pixel)

    @many(CREATED)
    @given(typed=wanted("easyflow"))
    def check(typed: Wanted) -> None:
        create(typed)

    for typed in extremes("easyflow"):
        create(typed)
    check()

    assert len(there.made) >= CREATED + len(AWKWARD)
    there.assert_listed()
    first = next(iter(there.made))
    assert_same(there.provider, there.made[first], there.read(first))


@pytest.mark.parametrize("slug", [slug for slug, provider in PROVIDERS.items() if provider.can("update")])
def test_what_was_changed_reads_back_as_it_was_changed(
    slug: str, sandbox: SandboxServer, member: Callable[[str], Member], settings: Any
) -> None:
    settings.EASYFLOW_LIST = True
    there = member(slug)
    sandbox.store.set_switch("easyflow_list", True)
    provider, same = there.provider, there.provider.comparable
    changed: list[int] = []

    @many(CHANGED)
    @given(first=wanted(slug), second=wanted(slug), switched_on=st.none() | st.booleans())
    def check(first: Wanted, second: Wanted, switched_on: bool | None) -> None:
        before = through_the_form(type(provider), first)
        wished = before and through_the_form(type(provider), second, before)
        if before is None or wished is None:
            reject()
        after = wished.values
        if switched_on is not None:
            after |= provider.activation(switched_on)
        # As the form of an existing pixel finds out what to send.
        old = before.values
        changes = {key: value for key, value in after.items() if same(key, old.get(key)) != same(key, value)}
        remote_id = there.create(before).remote_id
        if not changes:
            return
        answer = provider.update_pixel(there.account, remote_id, changes)
        there.made[remote_id] = {**old, **changes}
        changed.append(len(changes))
        for remote in (answer, there.read(remote_id)):
            assert_same(provider, there.made[remote_id], remote)
            assert (
                switched_on is None
                or provider.is_active({"state": remote.state, "status": remote.state}) is switched_on
            )

    check()

    assert len(changed) > CHANGED // 2
    assert max(changed) > 3
    there.assert_listed()
