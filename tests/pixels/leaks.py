"""Where a secret may be stored, and in which encodings."""

import base64
import html
import json
from urllib.parse import quote

from django.db import connection as database


def forms_of(secret: str) -> list[bytes]:
    """A secret in every encoding in which it could be in a page, a log or a file."""
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote(secret), html.escape(secret), json.dumps(secret)[1:-1], raw.hex()}
    for start in range(3):  # base64 of something larger that holds it, at each of the three alignments
        whole = base64.b64encode(b"x" * start + raw).decode().rstrip("=")
        found.add(whole[(start * 8 + 5) // 6 : -1])
    return [form.encode() for form in found]


def tables() -> bytes:
    """Every column of every row of every table."""
    whole = b""
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                whole += b"\n".join(
                    bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row
                )
    if database.vendor == "sqlite":
        whole += database.connection.serialize()  # the file itself, free pages too
    return whole
