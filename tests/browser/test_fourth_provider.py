"""A fourth provider needs one folder and one line (and a sandbox of its own); everything else finds it by itself."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.stack import ROOT, Stack

from .conftest import Sandbox
from .person import MEMBERS, TESTED, Person

FOURTH = ROOT / "tests" / "fourth"
PARTS = ("manage.py", "pyproject.toml", "pixelhub", "accounts", "pixels", "templates", "static")


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running product with one more folder and line."""
    root = tmp_path_factory.mktemp("grown")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, root / part)
    shutil.copytree(FOURTH / "provider", root / "pixels/providers/fourth")
    shutil.copy(FOURTH / "sandbox.py", root / "pixels/sandbox/fourth.py")
    line = "from .fourth.client import Fourth; PROVIDERS[Fourth.slug] = Fourth"
    add_line(root / "pixels/providers/registry.py", line)
    add_line(root / "pixels/sandbox/apis.py", "from . import fourth; APIS[fourth.SLUG] = fourth")
    running = Stack("sqlite", root=root)
    try:
        running.start()
        yield running
    finally:
        running.clear()


@pytest.fixture(scope="session")
def base_url(grown: Stack) -> str:
    return grown.url


@pytest.fixture
def browser_context_args(grown: Stack) -> dict[str, Any]:
    """Of its own: that of the other tests has been made with the address of their product."""
    permissions = ["clipboard-read", "clipboard-write"]
    return {"base_url": grown.url, "reduced_motion": "reduce", "permissions": permissions}


def add_line(path: Path, line: str) -> None:
    path.write_text(f"{path.read_text()}\n{line}\n")


def test_the_whole_journey_at_a_provider_that_is_one_folder_and_one_line(
    grown: Stack, page: Page, someone: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No changes detected" in grown.manage("makemigrations", "--check", "--dry-run")
    monkeypatch.setitem(MEMBERS, "Fourth", {"Fourth key": "fourth-key", "Garden": "north"})
    monkeypatch.setitem(TESTED, "Fourth", "Works")
    alice, sandbox = someone(page), Sandbox(grown.sandbox_url)
    alice.sign_up()
    alice.connect("Fourth")
    expect(page.get_by_role("main")).to_contain_text("Fourth was invented today.")

    alice.create_pixel("Fourth", "Shop", "Buy", "Join", Colour="Blue")
    alice.see_status("Live")
    (beacon,) = sandbox.objects("fourth")
    reference = page.url.rstrip("/").rpartition("/")[2]
    assert beacon == {"id": "b1", "name": "Shop", "on": ["buy", "join"], "colour": "blue", "mark": f"ph-{reference}"}
    assert alice.copy("Copy beacon") == '<script src="https://fourth.example/b1.js"></script>\n'
    expect(page.get_by_role("button", name="Deactivate")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("Fourth's beacons are always on.")

    alice.link("Edit").click()
    alice.fill(Name="Shop, renamed")
    alice.button("Save changes").click()
    alice.see_status("Live")
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop, renamed")
    (beacon,) = sandbox.objects("fourth")
    assert (beacon["name"], beacon["colour"]) == ("Shop, renamed", "blue")

    alice.link("Delete").click()
    page.get_by_label("Type the name to confirm").fill("Shop, renamed")
    alice.button("Delete").click()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("Deleted")
    assert sandbox.objects("fourth") == []
