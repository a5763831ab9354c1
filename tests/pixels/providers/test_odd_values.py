"""Whatever a provider answers becomes an error, or a pixel that every screen can show and every row can hold."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixels.providers.base import Provider
from pixels.providers.errors import ProviderError
from pixels.providers.registry import PROVIDERS
from pixels.providers.transport.response import Answer
from pixels.providers.values import RemotePixel, TagContext
from tests.cells import examples
from tests.pixels.providers.conftest import ACCOUNT, CHOSEN, PLANTED, Tokens, create
from tests.pixels.providers.strategies import PIXELS, odd_answers, odd_fields
from tests.pixels.said import said

STATUSES = st.sampled_from([200, 200, 200, 200, 200, 200, 201, 401, 405, 422, 500])


class Saying:
    """In place of the network: the same answer to every call."""

    def __init__(self, label: str, status: int, body: Any) -> None:
        self.answer = Answer(label, status, {}, json.dumps(body).encode(), ())

    def call(self, *args: Any, **kwargs: Any) -> Answer:
        return self.answer


def answered(provider: Provider) -> list[RemotePixel]:
    """All pixels that the provider's calls make of their answer."""
    calls = {
        "create": lambda: [create(provider)],
        "read": lambda: [provider.read_pixel(ACCOUNT, "1")],
        "find": lambda: provider.find_pixels(ACCOUNT, "7", "7"),
        "list": lambda: [pixel for page in provider.list_pixels(ACCOUNT) for pixel in page.pixels],
        "update": lambda: [provider.update_pixel(ACCOUNT, "1", {"name": "Boots"})],
    }
    found = []
    for capability, call in calls.items():
        if provider.can(capability):  # type: ignore[arg-type]
            try:
                found += call()
            except ProviderError as error:
                json.dumps([said(error), error.params, error.provider_message], allow_nan=False)
    return found


def show(provider: type[Provider], remote_id: str, events: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """What the screens do with a stored pixel."""
    form_class = provider.pixel_form
    shown = form_class.initial_for(events, options)
    for name, field in form_class.base_fields.items():
        if name != "events" and hasattr(field, "choices"):
            dict(field.choices).get(shown.get(name))
    tags = provider.tags(
        TagContext(
            remote_id=remote_id, name="Shop", events=events, options=options, ad_account=ACCOUNT, snippet="<!-- -->"
        )
    )
    assert all(tag.body.encode() for tag in tags)
    for name, value in {"events": list(events), **options}.items():
        assert provider.comparable(name, value) == provider.comparable(name, value)


@pytest.mark.parametrize("slug", PROVIDERS)
def test_any_answer_is_an_honest_error_or_a_pixel_fit_to_be_kept_and_shown(slug: str) -> None:
    provider_class = PROVIDERS[slug]

    @settings(max_examples=examples(60, 1000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(status=STATUSES, body=odd_answers(slug))
    def check(status: int, body: Any) -> None:
        provider = provider_class(PLANTED[slug], "https://unused.example", lambda call, wanted=1: wanted, Tokens())
        provider.http = Saying(provider.label, status, body)  # type: ignore[assignment]
        for pixel in answered(provider):
            kept = asdict(pixel)
            assert json.loads(json.dumps(kept, allow_nan=False)) == json.loads(json.dumps(kept))
            events, options = pixel.events or (), pixel.options or {}
            show(provider_class, pixel.remote_id, events, options)
            for name, value in options.items():
                assert provider.comparable(name, value) == provider.comparable(name, json.loads(json.dumps(value)))
            save_untouched(provider_class, events, options)

    check()


def save_untouched(provider: type[Provider], events: tuple[str, ...], options: Mapping[str, Any]) -> None:
    """Where a form takes what is there at all, it keeps it; texts apart, which it rids of white space."""
    shown = provider.pixel_form.initial_for(events, options)
    posted = {name: "" if value is None else value for name, value in shown.items()}
    form = provider.pixel_form.for_pixel(events, options, posted)
    str(form)
    if form.is_valid():
        assert tuple(form.cleaned_data["events"]) == events
        for name, value in form.options().items():
            if not isinstance(options.get(name), str | list):
                same = provider.comparable
                assert same(name, value) == same(name, options.get(name))


@pytest.mark.parametrize("slug", PROVIDERS)
def test_any_stored_row_can_be_shown(slug: str) -> None:
    """Rows written by another version hold what this one would not have let in."""
    provider = PROVIDERS[slug]
    values = odd_fields(slug)
    names = st.sampled_from(sorted(CHOSEN[slug][1].keys() | PIXELS[slug].keys()))

    @settings(max_examples=examples(60, 1000), deadline=None)
    @given(
        remote_id=st.sampled_from(["37", "px_1", ""]),
        events=st.lists(values, max_size=3).map(tuple),
        options=st.dictionaries(names, values, max_size=5),
    )
    def check(remote_id: str, events: tuple[Any, ...], options: dict[str, Any]) -> None:
        stored = json.loads(json.dumps([events, options]).replace("\\ud800", "?"))
        show(provider, remote_id, tuple(stored[0]), stored[1])

    check()
