"""A row that is due is claimed by compare-and-swap, so that of several workers one does its work."""

import pytest
from django.utils import timezone

from pixels.limits.poll import compare_and_swap, poll
from pixels.models import Connection
from tests.pixels.held_up import HeldUpRows


@pytest.fixture
def work():
    """Work that does nothing; collects the rows that it gets."""
    rows = []
    return rows, rows.append


def claim(connection):
    return compare_and_swap(connection, tested_at=timezone.now())


def test_the_work_of_a_row_that_is_due_is_done(xandr, work):
    done, append = work
    poll(Connection.objects.filter(pk=xandr.pk), claim, append)
    assert done == [xandr]
    assert done[0].tested_at == Connection.objects.get().tested_at is not None


def test_without_a_due_row_nothing_is_claimed(xandr, work):
    done, append = work
    poll(Connection.objects.none(), claim, append)
    assert (done, Connection.objects.get().tested_at) == ([], None)


def test_a_worker_that_found_it_due_and_was_held_up_does_nothing(xandr, work):
    done, append = work
    rows = Connection.objects.filter(pk=xandr.pk)
    poll(HeldUpRows(rows, lambda: poll(rows, claim, append)), claim, append)
    assert len(done) == 1


@pytest.mark.parametrize("changed", ["test", "failures"])
def test_if_another_worker_has_changed_one_value_none_is_written(xandr, changed):
    other = {"test": "works", "failures": 7}[changed]
    row = Connection.objects.get()
    Connection.objects.update(**{changed: other})
    assert not compare_and_swap(row, test="refused", failures=1)
    assert (row.test, row.failures) == ("testing", 0)
    assert getattr(Connection.objects.get(), changed) == other
    assert Connection.objects.filter(test="refused").count() == 0


def test_other_fields_may_change_and_are_left_alone(xandr):
    row = Connection.objects.get()
    Connection.objects.update(tested_at=timezone.now())
    assert compare_and_swap(row, failures=1)
    assert (row.failures, Connection.objects.get().failures) == (1, 1)
    assert Connection.objects.get().tested_at is not None
