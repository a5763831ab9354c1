"""The codes of the activity log, and what each is recorded with."""

from __future__ import annotations

import inspect
import re
from typing import Any

from accounts.activity import DETAILS

# Values for every parameter there is. The label of the field is PixelHub's own, not one of a provider's form.
VALUES: dict[str, Any] = {
    "role": "editor",
    "before": "viewer",
    "after": "admin",
    "website": "Kvasir",
    "ad_account": "77 Gungnir",
    "remote_id": "4711",
    "provider": "xandr",
    "fields": ["name"],
}


def parameters_of(code: str) -> set[str]:
    """The names that the detail of a line is made of."""
    detail = DETAILS.get(code, "")
    if callable(detail):
        return set(inspect.signature(detail).parameters)
    return set(re.findall(r"%\((\w+)\)s", str(detail)))
