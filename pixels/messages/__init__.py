"""What errors say to people: the code of a message and its parameters become a sentence, in the reader's language.

Rows keep the code and the parameters, as an error of a provider carries them. A provider's own sentences lie in
providers/<slug>/messages.py, those of all providers in providers/messages.py, ours in table.py.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, pgettext

from accounts.violations import say
from pixels.models import Connection, Operation, Pixel, SyncRun
from pixels.models.connection import Hint
from pixels.providers.messages import ADVICE_BY_KIND

from .table import ADVICE, SENTENCES

log = logging.getLogger(__name__)


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a message; "" for no code. A message that this version does not know is named by its code."""
    if not code:
        return ""
    try:
        return say(SENTENCES, code, params)
    except (KeyError, TypeError, ValueError):
        log.warning("no sentence for the message %s with %s", code, sorted(params))
        return gettext("Something went wrong (%(code)s).") % {"code": code}


def advice(code: str, params: Mapping[str, Any], kind: str = "") -> str:
    """What a person can do about it; "" where there is nothing. `kind`: of the error, as `ProviderError.code`: its
    advice holds for each message that has none of its own."""
    if code in ADVICE:
        try:
            return say(ADVICE, code, params)
        except (KeyError, TypeError, ValueError):
            log.warning("no advice for the message %s with %s", code, sorted(params))
            return ""
    return say(ADVICE_BY_KIND, kind, params) if kind in ADVICE_BY_KIND else ""


def error_sentence(row: Pixel | Operation | SyncRun) -> str:
    return sentence(row.error_message, row.error_params)


def error_advice(pixel: Pixel) -> str:
    return advice(pixel.error_message, pixel.error_params, pixel.error_code)


def connection_sentence(connection: Connection) -> str:
    """What the last test of the credentials said, or why the connection is paused."""
    return sentence(connection.test_message, connection.test_params)


def ad_accounts_sentence(connection: Connection) -> str:
    """Why the provider's list of ad accounts could not be read."""
    return sentence(connection.ad_accounts_error, connection.ad_accounts_error_params)


def credential_hint(hint: Hint) -> str:
    """What a screen says of a stored credential. Earlier versions stored an English text, which is shown as it is."""
    if isinstance(hint, str):
        return hint
    if "ends" in hint:
        return gettext("ends in {characters}").format(characters=hint["ends"])
    return pgettext("secret", "set")
