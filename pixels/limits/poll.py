"""Work that a row says is due: one worker claims the row by compare-and-swap and does the work.

A message that names the row may come twice, late or never, so each module that polls has a query for rows that are due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def poll(due: QuerySet[Row], claim: Callable[[Row], bool], work: Callable[[Row], None]) -> None:
    """Do the work of the first row that is due, unless another worker claims it first."""
    row = due.first()
    if row is not None and claim(row):
        work(row)


def compare_and_swap(row: Model, **values: Any) -> bool:
    """Write these fields, in the database and in `row`, unless one of them has changed since `row` was read.

    Returns whether it wrote. The condition names only columns of the row itself. PostgreSQL re-checks only the row when
    a second worker has waited for its lock, so a condition across a join would let both workers write.
    """
    before = {name: getattr(row, name) for name in values}
    if not type(row)._base_manager.filter(pk=row.pk, **before).update(**values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True
