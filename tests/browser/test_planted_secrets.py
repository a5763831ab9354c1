"""A secret that somebody types is stored in the database, sealed, and nowhere else in any encoding."""

import base64
import html
import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .crawl import crawl
from .person import Person

# Every table, every session in the clear, every key of the broker.
DUMP = """
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection

def text(value):
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else value

with connection.cursor() as cursor:
    for table in connection.introspection.table_names(cursor):
        cursor.execute(f'SELECT * FROM "{table}"')
        for row in cursor.fetchall():
            print(table, [text(value) for value in row])
for session in Session.objects.all():
    print("session", session.get_decoded())
"""
KEYS = """
from django.core.cache import cache
client = cache._cache.get_client()
for key in client.scan_iter("*"):
    kind = client.type(key).decode()
    read = {"string": client.get, "hash": client.hgetall, "set": client.smembers,
            "list": lambda key: client.lrange(key, 0, -1), "zset": lambda key: client.zrange(key, 0, -1)}
    print(key, kind, read[kind](key))
"""
PROMOTE = "from accounts.models import User; User.objects.filter(email=%r).update(is_staff=True, is_superuser=True)"
# Unknown to the worker, who says so in the log.
TASK = "from pixelhub.celery import app; app.send_task(%r)"
CACHE = "from django.core.cache import cache; cache.set('control', %r, 600)"


def canary(beginning: str, signs: str = "") -> str:
    """A secret that looks real; some of its characters are escaped differently in HTML, in JSON and in addresses."""
    return f"{beginning}{signs}{secrets.token_hex(12)}"


def core(planted: str) -> str:
    return planted[-24:]


def disguises(planted: str) -> set[bytes]:
    """What to look for. The last 24 characters look the same in HTML, JSON and addresses; base64 has three ways
    to write them, by their place in what is encoded."""
    last = core(planted).encode()
    found = {last, last.hex().encode(), last.hex().upper().encode()}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Without the characters at either end, which depend on the neighbours.
            found.add(encode(b"x" * before + last)[4:-4])
    return found


def places_of(planted: str, places: dict[str, bytes]) -> list[str]:
    needles = disguises(planted)
    return [name for name, content in places.items() if any(needle in content for needle in needles)]


def files_below(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())


def everything(stack: Stack, alice: Person) -> dict[str, bytes]:
    """All that the product shows, logs and stores, by the name of the place."""

    def in_team(path: str) -> bool:
        return path.startswith((alice.team, "/account/"))

    def in_admin(path: str) -> bool:
        return path.startswith("/admin/") and path.count("/") == 6 and path.endswith("/change/")

    request = alice.page.request
    found = {f"page {path}": text for path, text in crawl(request, [alice.team, "/account/"], in_team).items()}
    lists = crawl(request, ["/admin/"], lambda path: path.startswith("/admin/") and path.count("/") == 4)
    mine = [f"{path}?q={quote(alice.email)}" for path in lists if path != "/admin/"]
    found |= {f"page {path}": text for path, text in (lists | crawl(request, mine, in_admin)).items()}
    found["log"] = stack.logs()
    found["database"] = stack.manage("shell", "--no-imports", "-c", DUMP)
    found["broker"] = stack.manage("shell", "--no-imports", "-c", KEYS)
    places = {name: text.encode() for name, text in found.items()}
    directories = [stack.directory, *(service.directory for service in stack.services)]
    for directory in directories:
        for path in files_below(directory):
            if "static" not in path.parts:
                places[f"file {path.relative_to(directory)}"] = path.read_bytes()
    return places


@pytest.mark.parametrize(
    "disguise",
    [
        str,
        html.escape,
        quote,
        quote_plus,
        json.dumps,
        repr,
        lambda text: text.encode().hex(),
        *(lambda text, n=n: base64.b64encode(b"a" * n + text.encode() + b"/?~").decode() for n in range(4)),
        lambda text: base64.urlsafe_b64encode(json.dumps({"password": text, "more": 1}).encode()).decode(),
    ],
)
def test_the_search_finds_a_secret_in_every_disguise(disguise: Callable[[str], str]) -> None:
    planted = canary("xn_live_", "\"+/\\<&'é ")
    assert places_of(planted, {"here": f"before {disguise(planted)} after".encode(), "there": b"nothing"}) == ["here"]


def test_planted_secrets_are_found_nowhere(stack: Stack, alice: Person, unique: Callable[[str], str]) -> None:
    page = alice.page
    planted = {
        "Xandr's password": canary("Xn-", "\"+/\\<&'é"),
        "Xandr's replaced password": canary("Xr-", "\"+/\\<&'é"),
        "PitchTarget's token": canary("pt_live_", "+/=&"),
        "Easyflow's key": canary("ef_live_", '+/&"'),
        "Easyflow's secret": canary("ef_secret_", '+/&"'),
        "a key with a mistake beside it": canary("ef_retry_", '+/&"'),
        "a password at sign-up": canary("Pw-"),
        "a mistyped password": canary("Py-"),
    }
    keys = {"SECRET_KEY": stack.env["SECRET_KEY"], "CREDENTIAL_KEYS": stack.env["CREDENTIAL_KEYS"].rstrip("=")}

    # A form that is refused gives no secret back.
    alice.open("Connections")
    page.goto(f"{alice.team}connections/new/?provider=easyflow")
    alice.fill({"API key": planted["a key with a mistake beside it"], "API secret": planted["Easyflow's secret"]})
    alice.button("Save connection").click()
    expect(alice.field("Owner id")).to_be_focused()
    for label in ("API key", "API secret"):
        expect(alice.field(label)).to_have_value("")
    for secret in planted.values():
        assert core(secret) not in page.content()

    # Wrong ones are refused by the provider; what was typed stays stored.
    wrong = {"Username": "sandbox", "Password": planted["Xandr's password"], "Advertiser": "2"}
    alice.connect("Xandr", wrong, says="Refused")
    alice.link("Replace credentials").click()
    alice.fill(Username="sandbox", Password=planted["Xandr's replaced password"])
    alice.button("Save credentials").click()
    expect(page.get_by_role("main")).to_contain_text("Refused")
    alice.connect("PitchTarget", {"Token": planted["PitchTarget's token"], "Ad account": "9"}, says="Refused")
    alice.connect(
        "Easyflow",
        {
            "API key": planted["Easyflow's key"],
            "API secret": planted["Easyflow's secret"],
            "Owner id": "sandbox-owner",
        },
    )
    # Those two are paused; Easyflow can be asked nothing but to create, and is paused by that.
    alice.create_pixel("Easyflow", unique("Refused"), "purchase-completed", Platform="Meta")
    alice.see_status("Waiting for the connection")

    # Right ones, whose session token is a secret too.
    alice.connect("Xandr")
    state = sqlite3.connect(f"file:{stack.data_dir / 'sandbox.sqlite3'}?mode=ro", uri=True)
    tokens = [token for (token,) in state.execute("SELECT token FROM sessions")]
    state.close()
    assert tokens

    # The person's own passwords.
    page.goto("/accounts/password/change/")
    fields = page.get_by_label(re.compile("password", re.IGNORECASE)).all()
    fields[0].fill(alice.password)
    for field in fields[1:]:
        field.fill(planted["a password at sign-up"])
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    page.goto("/")
    alice.button("Sign out").click()
    alice.password = planted["a mistyped password"]
    alice.sign_in()
    alice.password = planted["a password at sign-up"]
    alice.sign_in()
    expect(alice.heading("Overview")).to_be_visible()

    # What has to be found, wherever the search goes.
    control = canary("control-")
    page.goto(f"{alice.team}websites/new/")
    alice.fill(Name=control, URL="https://shop.example")
    alice.button("Add website").click()
    expect(page.get_by_role("row", name=control)).to_be_visible()
    stack.manage("shell", "--no-imports", "-c", TASK % control)
    while control not in stack.logs():
        page.wait_for_timeout(100)
    stack.manage("shell", "--no-imports", "-c", CACHE % control)
    stack.manage("shell", "--no-imports", "-c", PROMOTE % alice.email)

    places = everything(stack, alice)
    seen = places_of(control, places)
    for beginning in ("page /t/", "page /admin/pixels/website/", "log", "database", "broker"):
        assert any(place.startswith(beginning) for place in seen), (beginning, seen)
    for part in ("appendonly", "pg_wal" if stack.services else "data/pixelhub.sqlite3"):
        assert any(place.startswith("file") and part in place for place in seen), (part, seen)
    assert sum(name.startswith("page /admin/") for name in places) > 20

    found = {what: where for what, secret in planted.items() if (where := places_of(secret, places))}
    assert found == {}
    ours = {name: content for name, content in places.items() if "sandbox.sqlite3" not in name}
    for token in tokens:  # the sandbox keeps what it hands out, as a provider would
        assert [name for name, content in ours.items() if token.encode() in content] == []
    for secret in keys.values():
        assert [name for name, content in places.items() if secret.encode() in content] == []
