"""Checks of the settings, run by Django's `check`."""

import itertools
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from pixels.models import sealed
from pixels.providers.registry import PROVIDERS


@register
def provider_addresses(**kwargs: Any) -> list[CheckMessage]:
    """Provider addresses must be https, as credentials are sent there; limits/provider_session.py refuses all
    others."""
    return [
        Error(f"{slug.upper()}_URL must begin with https://.", id="pixels.E001")
        for slug, provider in PROVIDERS.items()
        if not provider.base_url().startswith("https://")
    ]


@register
def times(**kwargs: Any) -> list[CheckMessage]:
    """Each of these times must be longer than the one before (docs/decisions/0003)."""
    lasts = {name: getattr(settings, name) for name in ("CALL_DEADLINE", "LEASE", "TASK_LIMIT")}
    lasts["the broker's visibility timeout"] = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    return [
        Error(f"{short} must be shorter than {long} ({lasts[long]} s).", id="pixels.E002")
        for short, long in itertools.pairwise(lasts)
        if lasts[short] >= lasts[long]
    ]


@register
def quiet_time(**kwargs: Any) -> list[CheckMessage]:
    """The quiet time must be long enough for a request whose answer was lost to take effect (docs/decisions/0007)."""
    if settings.QUIET_TIME > settings.CALL_DEADLINE:
        return []
    return [Error(f"QUIET_TIME must be longer than CALL_DEADLINE ({settings.CALL_DEADLINE} s).", id="pixels.E004")]


@register
def credential_keys(**kwargs: Any) -> list[CheckMessage]:
    """Find an unusable key at the start, not when the first credentials are stored."""
    try:
        sealed.keys()
    except ImproperlyConfigured as error:
        if settings.CREDENTIAL_KEYS:
            return [Error(str(error), id="pixels.E003")]
    return []
