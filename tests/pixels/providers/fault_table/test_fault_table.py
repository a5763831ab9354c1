"""Every fault of the sandbox, at every operation of every provider: one clear result, and no pixel too many."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as project

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, NoAnswer, NotSent, ProviderError, Rejected, Throttled
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import DOTS
from pixels.sandbox.faults import FAULTS
from tests.pixels.providers.fault_table.conftest import ACCOUNTS, EVENTS, OPTIONS, Bench
from tests.pixels.providers.fault_table.effects import DONE, MOST_REQUESTS, done_by
from tests.pixels.providers.fault_table.table import GOOD, OPERATIONS, TABLE, Row
from tests.pixels.said import said

OTHER_FILES = {
    "test_fault_table_lists.py": (
        "first_page_again",
        "repeated_items",
        "missing_items",
        "moving_pages",
        "wrong_total",
        "foreign_objects",
    ),
    "test_fault_table_sessions.py": ("too_many_logins",),
}
OLD, NEW = "Schuhe für Übergrößen", "Größe 38"  # not ASCII, for the charsets
# What the sandbox calls an operation, where it is not our word for it.
THEIR_WORD = {("easyflow", "read"): "list"}
SECRETS_SENT = {"easyflow": 3, "pitchtarget": 1, "xandr": 1}  # in a create; Meta's token is Easyflow's third

CALLS: dict[str, Callable[[Provider, str], Any]] = {
    "list": lambda provider, remote_id: [
        (pixel.remote_id, pixel.name) for page in provider.list_pixels(ACCOUNTS[provider.slug]) for pixel in page.pixels
    ],
    "read": lambda provider, remote_id: _id_and_name(provider.read_pixel(ACCOUNTS[provider.slug], remote_id)),
    "create": lambda provider, remote_id: (
        provider.create_pixel(
            ACCOUNTS[provider.slug], NEW, (EVENTS[provider.slug],), OPTIONS[provider.slug], "ref new"
        ).remote_id
    ),
    "update": lambda provider, remote_id: (
        provider.update_pixel(ACCOUNTS[provider.slug], remote_id, {"name": NEW}).remote_id
    ),
    "delete": lambda provider, remote_id: provider.delete_pixel(ACCOUNTS[provider.slug], remote_id),
}


def _id_and_name(pixel: Any) -> tuple[str, str | None]:
    return pixel.remote_id, pixel.name


def can(slug: str, operation: str) -> bool:
    """Easyflow's list is switched on in these tests, and its reading goes by it."""
    return PROVIDERS[slug].can(operation) or (slug == "easyflow" and operation in ("list", "read"))


def cases() -> Iterator[Any]:
    for fault, rows in TABLE.items():
        for row in rows:
            for slug in (row.only,) if row.only else FAULTS[fault].providers:
                for operation in OPERATIONS:
                    # Waiting is the same everywhere, and takes its time.
                    if can(slug, operation) and not (row.slow and operation in ("read", "update")):
                        words = ",".join(f"{key}={value}" for key, value in row.given.items())
                        yield pytest.param(fault, row, slug, operation, id=f"{fault}({words})-{slug}-{operation}")


def test_every_fault_of_the_sandbox_has_its_rows() -> None:
    assert sorted([*TABLE, *(fault for faults in OTHER_FILES.values() for fault in faults)]) == sorted(FAULTS)


@pytest.mark.parametrize("fault", TABLE)
def test_every_choice_of_a_fault_has_its_row(fault: str) -> None:
    """Parameters that are one of a few words: each of the words is tried."""
    for name, parameter in FAULTS[fault].parameters.items():
        words = {word for word in parameter.must.split(", ") if parameter.fits(word)}
        if len(words) > 1:
            assert words == {row.given.get(name, parameter.default) for row in TABLE[fault]}


@pytest.mark.table("fault", "slug")
@pytest.mark.table("slug", "operation")
@pytest.mark.parametrize(("fault", "row", "slug", "operation"), list(cases()))
def test_a_fault_ends_as_the_table_says(
    fault: str, row: Row, slug: str, operation: str, bench: Bench, hurry: Callable[[], None]
) -> None:
    (remote_id,) = bench.make(slug, OLD)
    provider = bench.member(slug)
    asked, done = bench.counted(slug)
    bench.faults(slug, {"fault": fault, "operation": THEIR_WORD.get((slug, operation), operation), **row.given})
    expected, requests = row.expected(slug, operation)
    if row.slow:
        hurry()
    started = time.monotonic()

    error, result = None, None
    try:
        result = CALLS[operation](provider, remote_id)
    except ProviderError as caught:
        error = caught

    times = done_by(fault, row, expected, operation)
    if row.slow:
        assert time.monotonic() - started < 10 * project.CALL_DEADLINE
        bench.until(lambda: bench.counted(slug)[0] != asked and (bench.counted(slug)[1] - done).total() >= times)
    if fault == "late_effect":
        bench.wait_for_late_effects()
    bench.assert_no_secret()
    asked_now, done_now = bench.counted(slug)
    assert (asked_now - asked).total() == requests <= MOST_REQUESTS
    assert done_now - done == Counter({DONE[operation]: times} if times else {})

    if error is None:
        assert expected is GOOD
        made = [str(pixel["id"]) for pixel in bench.held(slug)] if operation == "create" else [remote_id]
        assert (
            result
            == {
                "list": [(remote_id, OLD)],
                "read": (remote_id, OLD),
                "create": made[-1],
                "update": remote_id,
                "delete": None,
            }[operation]
        )
        return
    assert expected is not GOOD, repr(error)
    assert error.code == expected.code
    assert isinstance(error, expected)
    assert error.retryable == (expected in (NoAnswer, BadAnswer, NotSent, Throttled))
    assert error.maybe_done == (expected in (NoAnswer, BadAnswer))
    assert error.maybe_done or not times, "it was done, and we would not look"
    assert PROVIDERS[slug].label in said(error)
    bench.assert_fit_to_be_shown(error)


@pytest.mark.parametrize("slug", PROVIDERS)
def test_an_echo_is_shown_with_its_secrets_hidden(slug: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words would hold them, were they not hidden: it is not their length that keeps them out."""
    monkeypatch.setattr("pixels.providers.transport.response.MAX_MESSAGE", 5000)
    (remote_id,) = bench.make(slug, OLD)
    bench.faults(slug, {"fault": "echo", "operation": "create"})
    with pytest.raises(Rejected) as caught:
        CALLS["create"](bench.member(slug), remote_id)
    assert caught.value.provider_message.count(DOTS) == SECRETS_SENT[slug] + 1  # and the host
    assert "127.0.0.1" not in caught.value.provider_message
    bench.assert_no_secret(f"{caught.value!r} {vars(caught.value)}")
