"""A pixel's chip, the list's filter and the counts all show the same state."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Team
from pixels.forms.filters import PixelFilterForm
from pixels.models import Connection, Pixel
from pixels.models.state import LOOKS, RANGES, Lifecycle, RemoteStatus, State, queries

ERRORS = ("", "rejected", "duplicate")


@pytest.fixture
def everything(xandr: Connection) -> dict[Any, Pixel]:
    """A pixel of every lifecycle, remote status, error, archived or not, switched on or off."""
    account = xandr.ad_accounts.get()
    rows = [
        Pixel(
            team=xandr.team,
            connection=xandr,
            ad_account=account,
            name=" ".join(map(str, (lifecycle, remote_status, error, archived, is_on))),
            lifecycle=lifecycle,
            remote_status=remote_status,
            remote_id=str(number),
            error_code=error,
            archived_at=timezone.now() if archived else None,
            options={"state": "active" if is_on else "inactive"},
        )
        for number, (lifecycle, remote_status, error, archived, is_on) in enumerate(
            product(Lifecycle, RemoteStatus, ERRORS, (False, True), (False, True))
        )
    ]
    Pixel.objects.bulk_create(rows)
    return {pixel.pk: pixel for pixel in Pixel.objects.select_related("connection")}


def test_the_filter_finds_each_pixel_under_the_state_of_its_chip_alone(
    everything: dict[Any, Pixel], team: Team
) -> None:
    found: dict[Any, list[str]] = {pk: [] for pk in everything}
    for state in State:
        for pk in PixelFilterForm(team, {"state": state.value}).apply(Pixel.objects.for_team(team)).values_list("pk"):
            found[pk[0]].append(state.value)
    assert found == {pk: [pixel.state] for pk, pixel in everything.items()}


def test_the_counts_of_a_state_are_what_the_filter_finds_and_count_no_pixel_twice(
    everything: dict[Any, Pixel],
) -> None:
    for state in State:
        shown = sum(pixel.state == state for pixel in everything.values())
        assert sum(Pixel.objects.filter(query).count() for query in queries(state)) == shown > 0
    total = sum(Pixel.objects.filter(query).count() for state in State for query in queries(state))
    assert total == len(everything)


def test_no_chip_says_the_words_of_another_state(everything: dict[Any, Pixel]) -> None:
    """Also with a paused connection, where unsent operations wait."""
    words: dict[str, set[str]] = {}
    for paused in (False, True):
        for pixel in everything.values():
            pixel.connection.paused_at = timezone.now() if paused else None
            words.setdefault(pixel.badge.label, set()).add(pixel.state)
    assert {label: len(states) for label, states in words.items()} == dict.fromkeys(words, 1)
    assert "Waiting for the connection" in words


def test_a_state_that_nobody_draws_or_finds_is_noticed() -> None:
    assert set(LOOKS) == set(State)
    assert {*RANGES, State.ARCHIVED} == set(State)


@pytest.mark.parametrize(
    ("lifecycle", "remote_status", "error", "label"),
    [
        ("live", "in_sync", "", "Live"),
        ("live", "drifted", "", "Drifted"),
        ("live", "drifted", "rejected", "Change failed"),
        ("live", "gone", "rejected", "Gone"),
        ("live", "duplicate", "duplicate", "Held more than once"),
        ("updating", "drifted", "unavailable", "Updating"),
        ("failed", "not_seen", "rejected", "Failed"),
        ("unknown", "duplicate", "duplicate", "Unknown"),
    ],
)
def test_what_a_chip_says(xandr: Connection, lifecycle: str, remote_status: str, error: str, label: str) -> None:
    pixel = Pixel(connection=xandr, lifecycle=lifecycle, remote_status=remote_status, error_code=error)
    assert pixel.badge.label == label
