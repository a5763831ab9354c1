"""What the documents say is what the code says, and their lines can be read."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from pixels.events import EVENTS
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import Capability
from pixels.sandbox.switches import ALL as SWITCHES
from pixels.sandbox.switches import WORDS
from tests.stack import ROOT

TEXT = (ROOT / "docs/providers.md").read_text()


def table(heading: str) -> dict[str, dict[str, str]]:
    """The first table under a heading: {first cell: {column: cell}}."""
    section = re.split(r"(?m)^## ", TEXT.split(f"## {heading}\n")[1])[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    head, _, *body = [[cell.strip() for cell in row] for row in rows]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def test_each_capability_of_each_provider_is_as_the_table_says(settings: Any) -> None:
    said = table("Capabilities")
    assert {name.strip("`") for name in said} == set(get_args(Capability))
    for name, row in said.items():
        for provider in PROVIDERS.values():
            cell = row[provider.label]
            settings.EASYFLOW_LIST = False
            assert provider.can(name.strip("`")) == (cell == "yes"), (name, provider.label)  # type: ignore[arg-type]
            if cell not in ("yes", "no"):
                setattr(settings, cell.strip("`"), True)
                assert provider.can(name.strip("`")), (name, provider.label)  # type: ignore[arg-type]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_each_event_has_the_word_and_the_grade_of_the_table(provider: Any) -> None:
    said = {re.findall(r"`(\w+)`", name)[0]: row[provider.label] for name, row in table("Events").items()}
    assert list(said) == list(EVENTS)
    for event, cell in said.items():
        word, grade, sentence = provider.provider_event_for(event)
        shown = "–" if word is None else {"exact": "", "close": "~ "}[grade] + f"`{word.label}`"
        assert cell == shown
        assert grade != "close" or sentence, f"{event}: what is lost at {provider.label}?"


def test_a_finished_purchase_is_never_offered_for_the_start_of_a_checkout() -> None:
    checkout = PROVIDERS["pitchtarget"].provider_event("CHECKOUT")
    assert checkout and (checkout.event, checkout.grade) == ("purchase", "exact")
    assert "begin_checkout" not in checkout.near
    assert PROVIDERS["pitchtarget"].provider_event_for("begin_checkout") == (None, "none", "")
    assert "finished purchase" in checkout.note and "not the start of a checkout" in checkout.note


def test_every_event_and_every_lifecycle_notice_names_its_source() -> None:
    for provider in PROVIDERS.values():
        assert all(word.source for word in provider.vocabulary)
        assert provider.lifecycle_notice.source.startswith("https://") and provider.lifecycle_notice.as_of


def test_the_sandboxs_switches_are_as_the_table_says() -> None:
    text = (ROOT / "docs/sandbox.md").read_text()
    rows = re.findall(r"(?m)^\| `(\w+)` \| (\S+) \| (.+?) \| (.+) \|$", text.split("## Switches")[1].split("\n## ")[0])
    assert rows == [
        (name, json.dumps(switch.default), WORDS[switch.kind], switch.what) for name, switch in SWITCHES.items()
    ]


DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LONGEST = 140  # characters of a line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_of_a_document_is_too_long_and_each_link_leads_somewhere(path: Path) -> None:
    text = path.read_text()
    assert [line for line in text.splitlines() if len(line) > LONGEST] == []
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    broken = [
        target for target in targets if target and "://" not in target and not (path.parent / target).resolve().exists()
    ]
    assert broken == []


def test_the_first_page_is_short_and_shows_three_pictures() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 90
    assert len(re.findall(r"(?m)^!\[[^\]]+\]\(docs/[\w-]+\.png\)", text)) == 3


def test_the_index_names_every_document_and_every_decision_is_numbered_once() -> None:
    index = (ROOT / "docs/README.md").read_text()
    assert [path.name for path in ROOT.glob("docs/*.md") if path.name != "README.md" and path.name not in index] == []
    numbers = [path.name[:4] for path in sorted(ROOT.glob("docs/decisions/*.md"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_the_glossary_names_files_that_exist() -> None:
    named = re.findall(r"`([a-z_/]+(?:\.py|/))`", (ROOT / "docs/glossary.md").read_text())
    assert len(named) > 10
    assert [name for name in named if not (ROOT / "pixels" / name).exists()] == []
