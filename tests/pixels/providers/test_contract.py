"""What holds for every provider in PROVIDERS, so for the next one too."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from django import forms
from hypothesis import given, settings

from pixels.events import EVENTS
from pixels.providers import registry
from pixels.providers.base import Provider
from pixels.providers.errors import NotSupported
from pixels.providers.forms import ConnectionForm, PixelForm
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef, Capability, TagContext
from tests.cells import examples
from tests.pixels.providers.conftest import CHOSEN
from tests.pixels.providers.loopback import Loopback
from tests.pixels.providers.strategies import OPTIONS, events_of
from tests.pixels.said import said

METHODS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "check_credentials": ("check_credentials", (AdAccountRef(id="2"),)),
    "ad_accounts": ("list_ad_accounts", ()),
    "create": ("create_pixel", (AdAccountRef(id="2"), "Name", (), {}, "ph-1")),
    "read": ("read_pixel", (AdAccountRef(id="2"), "1")),
    "find": ("find_pixels", (AdAccountRef(id="2"), "ph-1", "Name")),
    "list": ("list_pixels", (AdAccountRef(id="2"),)),
    "update": ("update_pixel", (AdAccountRef(id="2"), "1", {})),
    "delete": ("delete_pixel", (AdAccountRef(id="2"), "1")),
    "last_fired": ("last_fired", (AdAccountRef(id="2"), "1")),
}
ON_ANOTHER = {"activate", "changed_since"}  # rest on the method of another one
FACTS = {"one_event_per_pixel", "name_unique"}

each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)


@each_provider
@pytest.mark.parametrize("capability", METHODS)
def test_capabilities_and_overridden_methods_agree(provider: type[Provider], capability: str) -> None:
    name, _ = METHODS[capability]
    overridden = getattr(provider, name) is not getattr(Provider, name)
    # What is overridden and not among them is switched off: the test of unsupported calls sees that it says so.
    assert overridden or capability not in provider.capabilities


@each_provider
def test_capabilities_without_a_method_rest_on_one(provider: type[Provider]) -> None:
    assert set(METHODS) | ON_ANOTHER | FACTS == set(get_args(Capability))
    assert (provider.order_last_fired is not Provider.order_last_fired) == provider.can("last_fired")
    assert not provider.can("activate") or provider.can("update")
    assert not provider.can("changed_since") or provider.can("list")


@each_provider
def test_what_a_provider_cannot_do_it_gives_a_reason_for(provider: type[Provider]) -> None:
    lacking = set(get_args(Capability)) - FACTS - provider.capabilities
    assert set(provider.missing) == lacking
    for reason in provider.missing.values():
        assert reason.endswith(".")
        assert provider.label in reason


@each_provider
def test_an_unsupported_call_says_why_and_sends_nothing(
    provider: type[Provider], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    for capability in set(METHODS) - provider.capabilities:
        name, arguments = METHODS[capability]
        with pytest.raises(NotSupported) as caught:
            getattr(connect(provider.slug), name)(*arguments)
        assert said(caught.value) == provider.missing[capability]
    assert loopback.received == []


@each_provider
def test_every_provider_event_points_into_the_catalogue(provider: type[Provider]) -> None:
    words = provider.vocabulary
    assert {word.event for word in words} <= set(EVENTS)
    assert all(word.source for word in words)
    exact = [word.event for word in words if word.grade == "exact"]
    assert len(set(exact)) == len(exact)
    near = [event for word in words for event in word.near]
    assert set(near) <= set(EVENTS)
    assert not set(near) & {word.event for word in words if word.grade != "none"}
    assert all(sentence.endswith(".") for word in words for sentence in word.near.values())
    assert len({word.value for word in words}) == len(words)
    assert {value for preset in provider.presets for value in preset.events} <= {word.value for word in words}


def test_every_event_of_the_catalogue_has_a_source_and_a_sentence() -> None:
    for key, event in EVENTS.items():
        assert event.key == key
        assert event.sentence
        assert event.source


@each_provider
def test_a_checkbox_is_named_by_its_sentence_and_then_the_providers_word(provider: type[Provider]) -> None:
    field = provider.pixel_form.base_fields["events"]
    names = dict(flat(field.choices))  # type: ignore[attr-defined]
    assert names == {word.value: f"{word.sentence} {word.label}" for word in provider.vocabulary}


@each_provider
def test_no_checkbox_can_be_mistaken_for_another_field_of_the_screen(provider: type[Provider]) -> None:
    """Who asks for "Name" or "Code" by voice or in a test must not meet a sentence that holds the word."""
    labels = [field.label for name, field in provider.pixel_form.base_fields.items() if name != "events"]
    for word in provider.vocabulary:
        for label in ["Connection", "Ad account", "Name", "Website", "URL", *labels]:
            assert str(label).casefold() not in f"{word.sentence} {word.label}".casefold()


@each_provider
def test_no_label_of_a_form_is_part_of_another(provider: type[Provider]) -> None:
    for form in (provider.connection_form, provider.pixel_form, provider.tag_form):
        labels = [str(field.label).casefold() for field in form.base_fields.values()] if form else []
        assert [(a, b) for a in labels for b in labels if a != b and a in b] == []


@each_provider
def test_forms_name_only_fields_they_have(provider: type[Provider]) -> None:
    form = provider.pixel_form
    named = {*form.advanced, *form.per_pixel, *form.show_when}
    named |= {condition.split("=")[0] for condition in form.show_when.values()}
    assert named <= set(form.base_fields)
    assert provider.secret_fields <= set(provider.connection_form.base_fields)
    assert provider.password_fields <= provider.secret_fields
    assert provider.reference_option is None or provider.reference_option in form.base_fields
    assert issubclass(form, PixelForm)
    assert issubclass(provider.connection_form, ConnectionForm)


@each_provider
def test_secrets_never_come_back_into_their_inputs(provider: type[Provider]) -> None:
    typed = dict.fromkeys(provider.connection_form.base_fields, "planted-secret")
    form = provider.connection_form({**typed, "ad_account": ""})
    assert not form.is_valid()
    for name in provider.secret_fields:
        assert "planted-secret" not in str(form[name])


@each_provider
def test_credentials_and_ad_account_are_told_apart(provider: type[Provider]) -> None:
    form_class = provider.connection_form
    typed = dict.fromkeys(form_class.base_fields, "42")
    usual, *others = form_class.ways or [""]
    form = form_class({**typed, "way": usual})
    assert form.is_valid(), form.errors
    assert form.ad_account_ref().id == "42"
    not_chosen = {name for way in others for name in form_class.ways[way]} - set(form_class.ways.get(usual, ()))
    assert set(form.credentials()) == set(typed) - {"ad_account", "ad_account_code"} - not_chosen


@each_provider
def test_the_lifecycle_notice_names_its_source(provider: type[Provider]) -> None:
    assert provider.lifecycle_notice.source.startswith("https://")
    assert provider.lifecycle_notice.sentence.endswith(".")


@each_provider
def test_a_provider_that_can_switch_pixels_on_and_off_says_how(provider: type[Provider]) -> None:
    if not provider.can("activate"):
        with pytest.raises(NotSupported) as caught:
            provider.activation(True)
        assert said(caught.value) == provider.missing["activate"]
        assert provider.is_active({})
        return
    _, options = CHOSEN[provider.slug]
    for active in (True, False):
        assert provider.is_active({**options, **provider.activation(active)}) is active


@each_provider
def test_a_note_on_deleting_is_a_sentence_and_only_where_it_is_possible(provider: type[Provider]) -> None:
    assert not provider.delete_note or (provider.can("delete") and provider.delete_note.endswith("."))


@each_provider
def test_a_folder_imports_nothing_of_another_providers(provider: type[Provider]) -> None:
    folder = Path(registry.__file__).parent / provider.slug
    imports = [line for path in folder.rglob("*.py") for line in path.read_text().splitlines() if "import " in line]
    names = set(re.findall(r"\w+", " ".join(line for line in imports if line.lstrip().startswith(("from", "import")))))
    assert "base" in names
    assert not names & (PROVIDERS.keys() - {provider.slug})


@each_provider
def test_live_addresses_are_https(provider: type[Provider]) -> None:
    assert provider.live_url.startswith("https://")
    assert not provider.live_url.endswith("/")


@each_provider
def test_tags_need_no_instance_and_fit_their_buttons(provider: type[Provider]) -> None:
    events, options = CHOSEN[provider.slug]
    subject = TagContext(
        remote_id="37",
        name="Shop",
        events=events,
        options=options,
        ad_account=AdAccountRef(id="2"),
        snippet="<!-- code -->",
    )
    tags = provider.tags(subject)
    assert tags
    assert len({tag.slug for tag in tags}) == len(tags)
    assert all(tag.copy_label.startswith("Copy ") and tag.body and tag.where for tag in tags)


@each_provider
def test_providers_give_methods_the_interfaces_own_parameters(provider: type[Provider]) -> None:
    for name, _ in METHODS.values():
        theirs = list(inspect.signature(getattr(provider, name)).parameters)
        assert theirs == list(inspect.signature(getattr(Provider, name)).parameters)


@pytest.mark.parametrize("slug", PROVIDERS)
def test_showing_an_existing_pixel_and_saving_it_unchanged_changes_nothing(slug: str) -> None:
    provider = PROVIDERS[slug]

    @settings(max_examples=examples(60, 1000), deadline=None)
    @given(events=events_of(provider), options=OPTIONS[slug])
    def check(events: tuple[str, ...], options: dict[str, Any]) -> None:
        shown = provider.pixel_form.initial_for(events, options)
        form = provider.pixel_form({name: value for name, value in shown.items() if value is not None})
        assert form.is_valid(), form.errors
        assert tuple(form.cleaned_data["events"]) == events
        assert form.options() == options

    check()


@each_provider
def test_an_event_unknown_to_this_version_survives_a_change_of_other_fields(provider: type[Provider]) -> None:
    (known, *_), options = CHOSEN[provider.slug]
    stored = ("word-of-2031",) if provider.can("one_event_per_pixel") else (known, "word-of-2031")
    shown = {key: value for key, value in provider.pixel_form.initial_for(stored, options).items() if value is not None}

    form = provider.pixel_form.for_pixel(stored, options, shown)

    assert form.is_valid(), form.errors
    assert tuple(form.cleaned_data["events"]) == stored
    assert form.options() == options
    assert "Unknown to PixelHub word-of-2031" in str(form["events"])
    (word,) = provider.unknown_events(stored)
    assert (word.value, word.sentence, word.label) == ("word-of-2031", "Unknown to PixelHub", "word-of-2031")
    assert word.event in EVENTS
    assert not provider.pixel_form.for_pixel((known,), options, shown).is_valid()
    assert not provider.pixel_form(shown).is_valid()


@each_provider
def test_a_choice_unknown_to_this_version_survives_a_change_of_other_fields(provider: type[Provider]) -> None:
    events, options = CHOSEN[provider.slug]
    for name, field in provider.pixel_form.base_fields.items():
        if name in options and isinstance(field, forms.ChoiceField):
            odd = {**options, name: "value-of-2031"}
            shown = provider.pixel_form.initial_for(events, odd)
            form = provider.pixel_form.for_pixel(
                events, odd, {key: value for key, value in shown.items() if value is not None}
            )
            assert form.is_valid(), form.errors
            assert form.options()[name] == "value-of-2031"


def flat(choices: Any) -> list[tuple[str, str]]:
    return [pair for value, label in choices for pair in (label if isinstance(label, list) else [(value, label)])]
