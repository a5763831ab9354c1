"""The texts that a provider brings along are translated when they are shown; what is sent and pasted never is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.functional import Promise

from pixels.events import EVENTS
from pixels.providers.base import Provider
from pixels.providers.easyflow.vocabulary import PLATFORMS
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef, TagContext
from tests.pixels.providers.conftest import CHOSEN
from tests.pixels.pseudo_language import OPEN, Known, bare_texts, has_words, speak

each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
BRANDS = {label for _value, label, _source in PLATFORMS}


def forms_of(provider: type[Provider]) -> list[type[forms.Form]]:
    return [form for form in (provider.connection_form, provider.pixel_form, provider.tag_form) if form]


def texts_of_forms(provider: type[Provider]) -> Iterator[Any]:
    """Labels, help texts and choices. The checklist's choices are made of the vocabulary when they are shown."""
    for form in forms_of(provider):
        for name, field in form.base_fields.items():
            yield from (field.label, field.help_text)
            choices = getattr(field, "choices", []) if name != "events" else []
            yield from (label for _value, label in choices if label not in BRANDS)
    yield from provider.pixel_form.fixed.values()
    yield provider.pixel_form.advanced_hint


def texts_of(provider: type[Provider]) -> Iterator[Any]:
    yield from texts_of_forms(provider)
    yield from provider.missing.values()
    yield from (provider.ad_account_label, provider.delete_note)
    yield from (provider.lifecycle_notice.sentence, provider.lifecycle_notice.title)
    yield from (preset.label for preset in provider.presets)
    for word in provider.vocabulary:
        yield from (word.sentence, word.group, word.note, *word.near.values())


@each_provider
def test_each_text_is_translated_when_it_is_shown(provider: type[Provider]) -> None:
    assert [text for text in texts_of(provider) if text and not isinstance(text, Promise)] == []


def test_each_text_of_the_catalogue_is_translated_when_it_is_shown() -> None:
    texts = [text for event in EVENTS.values() for text in (event.label, event.sentence)]
    assert [text for text in texts if not isinstance(text, Promise)] == []


@each_provider
def test_the_checklist_is_in_the_language_of_whoever_looks(
    provider: type[Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch)  # the class was made before
    words = Known(str(word.label) for word in provider.vocabulary)
    shown = {words.cut_from(text) for text in bare_texts(str(provider.pixel_form()["events"]))}
    assert not any(has_words(text) for text in shown)


XANDR = {"state": "active", "trigger_type": "click", "repeat": "once", "piggyback_type": "img"}
KEY = {"way": "key", "key_username": "a", "key_name": "b", "ad_account": "2"}
WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("easyflow", "connection_form", {}),
    ("easyflow", "connection_form", {"api_key": "two words", "api_secret": "x" * 600, "ad_account": "a\nb"}),
    ("easyflow", "pixel_form", {"platform": "linkedin", "events": ["purchase"], "capi_access_token": "two words"}),
    ("easyflow", "pixel_form", {"platform": "google"}),
    ("pitchtarget", "connection_form", {"way": "sideways", "ad_account": "act_9"}),
    ("pitchtarget", "connection_form", {"way": "password", "password": "a\nb"}),
    ("pitchtarget", "pixel_form", {}),
    ("xandr", "connection_form", {"way": "password", "ad_account_code": "adv-2"}),
    ("xandr", "connection_form", {**KEY, "private_key": "my-api-key"}),
    ("xandr", "pixel_form", {**XANDR, "repeat": "minutes", "events": ["9"], "post_click_value": "$10"}),
    ("xandr", "pixel_form", {**XANDR, "repeat": "minutes", "min_minutes": "99999", "post_view_expire_mins": "-1"}),
    ("xandr", "pixel_form", {**XANDR, "min_minutes": "x", "post_click_expire_mins": "x", "code": "x" * 256}),
    ("xandr", "pixel_form", {**XANDR, "piggyback_urls": "https://a.example/1\nhttps://a.example/2"}),
    ("xandr", "pixel_form", {**XANDR, "piggyback_urls": "javascript:alert"}),
    ("xandr", "pixel_form", {**XANDR, "piggyback_urls": "https://a.example/" + "x" * 255}),
]


@pytest.mark.parametrize(("slug", "kind", "typed"), WRONG, ids=range(len(WRONG)))
def test_a_form_says_what_is_wrong_in_the_language_of_whoever_looks(
    slug: str, kind: str, typed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch)
    errors = getattr(PROVIDERS[slug], kind)(typed).errors
    said = [text for texts in errors.values() for text in texts]
    assert said
    assert [text for text in said if bare_texts(text)] == []


def test_a_name_is_refused_in_the_language_of_whoever_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    form = PROVIDERS["pitchtarget"].pixel_form()
    with pytest.raises(ValidationError) as caught:
        form.clean_name("<shop> -- sale")
    reason = "PitchTarget writes the name into its code as it is, and that breaks it."
    assert caught.value.messages == [f"Remove < and > and --: {reason}"]
    speak(monkeypatch)
    with pytest.raises(ValidationError) as caught:
        form.clean_name("<shop> -- sale")
    assert caught.value.messages == [f"⟦Remove ⟦⟦< and >⟧ and --⟧: ⟦{reason}⟧⟧"]


@pytest.mark.parametrize(("language", "limits"), [("en", "1 to 32,767"), ("de", "1 to 32.767")])
def test_limits_are_written_as_the_language_writes_numbers(language: str, limits: str) -> None:
    with translation.override(language):
        form = PROVIDERS["xandr"].pixel_form({**XANDR, "repeat": "minutes", "min_minutes": "0"})
        assert form.errors["min_minutes"] == [f"A whole number from {limits}."]


def test_a_form_hands_over_the_same_in_every_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it hands over is stored as JSON and sent."""
    speak(monkeypatch)
    for slug, (events, options) in CHOSEN.items():
        shown = PROVIDERS[slug].pixel_form.initial_for(events, options)
        form = PROVIDERS[slug].pixel_form({name: value for name, value in shown.items() if value is not None})
        assert form.is_valid(), form.errors
        assert json.loads(json.dumps([form.cleaned_data["events"], form.options()])) == [list(events), options]


@each_provider
def test_code_to_paste_is_the_same_in_every_language(provider: type[Provider], monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each reader's language would issue a snippet of its own."""

    def tags() -> list[Any]:
        events, options = CHOSEN[provider.slug]
        subject = TagContext(
            remote_id="37", name="Shop", events=events, options=options, ad_account=AdAccountRef(id="2"), snippet="<br>"
        )
        return provider.tags(subject)

    bodies = [tag.body for tag in tags()]
    speak_all_but_english(monkeypatch)
    with translation.override("pt-br"):
        there = tags()
    assert [tag.body for tag in there] == bodies
    assert all(text.startswith(OPEN) for tag in there for text in (tag.title, tag.copy_label, tag.where, *tag.warnings))


def speak_all_but_english(monkeypatch: pytest.MonkeyPatch) -> None:
    functions: Any = translation._trans  # type: ignore[attr-defined]
    real = functions.gettext
    speak(monkeypatch)
    marked = functions.gettext
    monkeypatch.setattr(
        functions, "gettext", lambda text: (real if translation.get_language() == "en" else marked)(text)
    )
