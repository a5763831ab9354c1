"""Every message of the code has a sentence, and comes with the parameters that it names; no sentence is unused."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pixels.limits import circuit_breaker, rate_limiter
from pixels.messages import advice, error_advice, error_sentence, sentence
from pixels.messages.table import ADVICE, LITERAL, OURS, SENTENCES
from pixels.models import Pixel
from pixels.providers import errors
from pixels.providers import messages as general
from pixels.providers.errors import ProviderError
from pixels.providers.registry import PROVIDERS
from pixels.reconcile import listing
from tests.pixels.pseudo_language import speak

CODE = re.compile(r"[a-z]+\.[a-z_]+")
NAMESPACES = {code.partition(".")[0] for code in SENTENCES if code != LITERAL}
ERRORS = {
    name
    for module in (errors, circuit_breaker, rate_limiter, listing)
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, ProviderError)
}
# Of a ProviderError: no parameters of the sentence.
FACTS = {"provider_message", "status", "retry_after"}


@dataclass(frozen=True)
class Said:
    """A message in the sources, and the parameters beside it; None where the code stands alone."""

    code: str
    params: frozenset[str] | None
    where: str


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(Path("pixels").rglob("*.py")):
        if not {"sandbox", "migrations", "messages", "management"} & set(path.parts) and path.name != "messages.py":
            yield str(path), ast.parse(path.read_text())


def codes(node: ast.expr) -> list[ast.Constant]:
    """The codes of messages that this expression may be."""
    if isinstance(node, ast.IfExp):
        return [*codes(node.body), *codes(node.orelse)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
        return [node] if node.value.partition(".")[0] in NAMESPACES else []
    return []


def said() -> list[Said]:
    """Each message in the sources once: as an argument of a call, with the call's keywords, or alone."""
    found = []
    for where, tree in sources():
        with_params: dict[ast.Constant, frozenset[str]] = {}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            names = frozenset(keyword.arg for keyword in call.keywords if keyword.arg) - FACTS
            for code in (code for argument in call.args for code in codes(argument)):
                with_params[code] = names
        for node in ast.walk(tree):
            for code in codes(node) if isinstance(node, ast.Constant) else []:
                found.append(Said(code.value, with_params.get(code), f"{where}:{code.lineno}"))
    return found


def named(text: Any) -> set[str]:
    """The parameters that a sentence or advice names."""
    if callable(text):
        return set(inspect.signature(text).parameters)
    forms = getattr(text, "_args", None) or getattr(text, "_kw", {}).values()  # of a lazy translation
    told = [form for form in forms if isinstance(form, str)] if not isinstance(text, str) else [text]
    assert told
    return {name for form in told for name in re.findall(r"%\((\w+)\)[gs]", form)}


def needed(code: str) -> set[str]:
    return named(SENTENCES[code]) | (named(ADVICE[code]) if code in ADVICE else set())


SAID = said()


def test_every_message_has_a_sentence_and_every_sentence_is_said():
    assert len(SAID) > 60
    assert {one.code for one in SAID} == set(SENTENCES) - {LITERAL}


def test_advice_is_for_messages_that_are_said():
    assert set(ADVICE) <= set(SENTENCES)
    kinds = {error.code for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "code")}
    assert set(general.ADVICE_BY_KIND) <= kinds


@pytest.mark.parametrize("one", SAID, ids=lambda one: f"{one.where} {one.code}")
def test_a_message_comes_with_what_its_sentence_names(one):
    assert (one.params or frozenset()) == needed(one.code)


def test_what_an_error_is_raised_with_is_a_code():
    """Or a variable, where the code was chosen before."""
    raised = [
        (where, call.args[0])
        for where, tree in sources()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ERRORS
    ]
    assert len(raised) > 40
    for where, message in raised:
        assert codes(message) or isinstance(message, ast.Name | ast.Attribute | ast.Subscript), where


@pytest.mark.parametrize("slug", PROVIDERS)
def test_the_codes_of_a_provider_begin_with_its_slug(slug):
    provider = PROVIDERS[slug]
    assert {code.partition(".")[0] for code in (*provider.sentences, *provider.advice)} <= {slug}
    assert not set(OURS) & set(general.SENTENCES)


# -- Making a sentence ------------------------------------------------------------------------------------------------


def test_a_sentence_is_made_in_the_language_of_the_reader(monkeypatch):
    said_of = {"provider": "Xandr", "count": 1, "seconds": 60.0}
    assert sentence("limits.reads", said_of) == "PixelHub allows itself 1 read in 60 seconds at Xandr."
    assert sentence("limits.reads", said_of | {"count": 40}) == (
        "PixelHub allows itself 40 reads in 60 seconds at Xandr."
    )
    speak(monkeypatch)
    assert sentence("limits.reads", said_of).startswith("⟦")
    assert sentence("xandr.list_endless", {}) == "⟦Xandr's list has no end.⟧"
    assert advice("provider.not_reachable", {"provider": "Xandr"}, "not_sent") == "⟦PixelHub keeps trying by itself.⟧"


@pytest.mark.parametrize(("code", "params"), [("xandr.of_tomorrow", {}), ("limits.reads", {}), ("literal", {})])
def test_a_message_that_this_version_cannot_say_is_named_by_its_code(code, params):
    assert sentence(code, params) == f"Something went wrong ({code})."
    assert advice(code, params) == ""


def test_a_row_without_an_error_says_nothing():
    assert (error_sentence(Pixel()), error_advice(Pixel())) == ("", "")


def test_the_advice_of_a_message_comes_before_that_of_its_kind():
    pixel = Pixel()
    pixel.set_error(errors.Rejected("outbox.secret_unreadable"))
    assert error_advice(pixel) == "Enter it again and save."
    pixel.set_error(errors.Rejected("provider.rejected", provider="Xandr"))
    assert error_advice(pixel) == "Change what it names and send again."
    pixel.set_error(errors.NoAnswer("provider.broke_off", provider="Xandr"))
    assert error_advice(pixel) == ""


def test_a_sentence_that_was_stored_as_text_gets_no_advice_but_its_own():
    assert advice(LITERAL, {"text": "Xandr refused this.", "advice": ""}, "refused") == ""
