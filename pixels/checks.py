"""What Django's `check` says of our settings."""

import itertools
import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from pixels.providers import PROVIDERS


@register
def provider_addresses(**kwargs: Any) -> list[CheckMessage]:
    """Credentials travel to these addresses, so they are https; pixels.sync.client refuses the others as well."""
    found = [(f"{slug.upper()}_URL", os.environ.get(f"{slug.upper()}_URL")) for slug in PROVIDERS]
    return [
        Error(f"{name} must begin with https://.", id="pixels.E001")
        for name, url in found
        if url and not url.startswith("https://")
    ]


@register
def times(**kwargs: Any) -> list[CheckMessage]:
    """Each of these must outlast the one before (docs/decisions/0003)."""
    names = ("CALL_DEADLINE", "LEASE", "TASK_LIMIT")
    pairs = itertools.pairwise(names)
    return [
        Error(f"{short} must be shorter than {long}.", id="pixels.E002")
        for short, long in pairs
        if getattr(settings, short) >= getattr(settings, long)
    ]
