"""The retry policy: each cell of its table, and what holds for all of them."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from pixels.outbox.retry_policy import (
    GIVE_UP_AFTER,
    LONGEST_BACKOFF,
    LONGEST_WAIT,
    MAX_UNCONFIRMED,
    Counts,
    Decision,
    Fail,
    Kind,
    LookUp,
    Pause,
    Phase,
    Retry,
    Unknown,
    decide,
)
from pixels.providers import errors
from tests.pixels.outbox.retry_table import ERRORS, FIRST, cell, cells

ALL_COUNTS = [
    Counts(*values)
    for values in product((1, 2, 20), range(MAX_UNCONFIRMED + 1), (0, GIVE_UP_AFTER), (True, False), (True, False))
]


@pytest.mark.parametrize(("kind", "phase", "error", "column", "text"), cells())
def test_a_cell_of_the_page(kind, phase, error, column, text):
    assert cell(kind, phase, error, column) == text


def test_the_page_names_every_error():
    kinds = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.ProviderError)}
    assert {one.__name__ for one in kinds} - {"ProviderError"} == set(ERRORS)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_rules_that_hold_for_every_decision(kind, phase, error):
    for counts in ALL_COUNTS:
        decision = decide(kind, phase, error, counts)
        assert isinstance(decision, get_args(Decision))
        assert isinstance(decision, Pause) == isinstance(error, errors.BadCredentials)
        if kind != Kind.CREATE:
            assert not isinstance(decision, LookUp | Unknown), "a change may be repeated as it is"
        elif phase == Phase.LOOK_UP:
            assert not isinstance(decision, Retry | Fail), "whether it exists is still open"
        elif phase == Phase.SEND and error.maybe_done:
            assert not isinstance(decision, Retry | Fail), "it may exist"
        if isinstance(decision, Retry | LookUp):
            assert 0 < decision.after <= LONGEST_WAIT
            assert not decision.may_be_done or phase == Phase.SEND
        if isinstance(decision, LookUp):
            assert counts.can_look_up
        if not isinstance(error, errors.Waiting) and counts.failing_for >= GIVE_UP_AFTER:
            newly_unconfirmed = isinstance(decision, Retry | LookUp) and decision.may_be_done
            assert newly_unconfirmed or isinstance(decision, Pause | Fail | Unknown), "it goes on for ever"


def test_the_waits_grow_up_to_a_limit():
    waits = [decide(Kind.CREATE, Phase.PREPARE, ERRORS["NotSent"], replace(FIRST, attempt=n)) for n in range(1, 40)]
    after = [wait.after for wait in waits]
    assert after[:4] == [5, 10, 20, 40]
    assert after == sorted(after) and after[-1] == LONGEST_BACKOFF


@pytest.mark.parametrize(("asked", "waits"), [(None, 60), (7, 7), (10**9, LONGEST_WAIT)])
def test_a_wait_that_the_provider_asks_for_is_kept_up_to_an_hour(asked, waits):
    error = errors.Throttled("provider.throttled", provider="Xandr", retry_after=asked)
    assert decide(Kind.UPDATE, Phase.SEND, error, FIRST).after == waits


def test_a_look_up_waits_for_the_quiet_time_only_when_a_request_may_be_on_its_way(settings):
    settings.QUIET_TIME = 77
    sent = decide(Kind.CREATE, Phase.SEND, ERRORS["NoAnswer"], FIRST)
    looked = decide(Kind.CREATE, Phase.LOOK_UP, ERRORS["NoAnswer"], replace(FIRST, unconfirmed=1))
    assert (sent, looked) == (LookUp(77, may_be_done=True), LookUp(5))
