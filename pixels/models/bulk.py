"""Writes many rows at once, for a pull that brings in a hundred thousand of them.

Django's bulk_create makes an object of each row and prepares each of its columns; here the columns that all rows share
are prepared once. Its bulk_update builds a condition for each value. No other code writes without the ORM.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import orjson
from django.db import connection
from django.db.models import Field, Model


class Writer:
    """Inserts rows that are like `pattern` (an unsaved object), except for the named fields, whose values each row
    brings."""

    def __init__(self, pattern: Model, *own: str) -> None:
        fields = [field for field in pattern._meta.concrete_fields if field.name in own or not _is_drawn(field)]
        fields.sort(key=lambda field: own.index(field.name) if field.name in own else len(own))
        quote: Any = connection.ops.quote_name
        self._table = quote(pattern._meta.db_table)
        self._names = [quote(field.column) for field in fields]
        self._prepare = [_preparer(field) for field in fields[: len(own)]]
        self._shared = tuple(_prepared(field, pattern) for field in fields[len(own) :])

    def insert(self, rows: Iterable[Sequence[Any]]) -> None:
        """Insert these rows. Each holds the values of its own fields, in the order in which they were named."""
        columns = zip(*rows, strict=True)
        prepared = [map(how, column) if how else column for how, column in zip(self._prepare, columns, strict=True)]
        ready = list(zip(*prepared, *map(repeat, self._shared), strict=False))
        names = ", ".join(self._names)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with connection.wrap_database_errors, cursor.copy(f"COPY {self._table} ({names}) FROM STDIN") as copy:
                    for row in ready:
                        copy.write_row(row)
            else:
                places = ", ".join(["%s"] * len(self._names))
                cursor.executemany(f"INSERT INTO {self._table} ({names}) VALUES ({places})", ready)


def update(rows: Sequence[Model], names: Sequence[str]) -> None:
    """Write the named fields of these objects, as bulk_update does, with one prepared statement for all."""
    if not rows:
        return
    meta = rows[0]._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    quote: Any = connection.ops.quote_name
    sets = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    statement = f"UPDATE {quote(meta.db_table)} SET {sets} WHERE {quote(meta.pk.column)} = %s"
    ready = [[_prepared(field, row, add=False) for field in (*fields, meta.pk)] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, ready)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(value)


def _is_drawn(field: Field) -> bool:
    return field.primary_key and field.get_internal_type() in ("AutoField", "BigAutoField")


def _is_json(field: Field) -> bool:
    return field.get_internal_type() == "JSONField"


def _prepared(field: Field, pattern: Model, *, add: bool = True) -> Any:
    value = field.pre_save(pattern, add=add)
    return _json(value) if _is_json(field) and value is not None else field.get_db_prep_save(value, connection)


def _preparer(field: Any) -> Callable[[Any], Any] | None:
    """The function that converts a value to its form in the database; None if it needs no conversion."""
    kind = (field.target_field if field.is_relation else field).get_internal_type()
    if kind == "JSONField":
        return _json
    if kind == "UUIDField" and not connection.features.has_native_uuid_field:
        return lambda value: value.hex
    return None
