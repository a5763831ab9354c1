"""Every message's sentence, by its code: PixelHub's own, and those of the providers.

A code begins with where the message comes from: "limits.", "outbox.", "sync." … or a provider's slug.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from pixels.providers import messages as general
from pixels.providers.messages import Sentence
from pixels.providers.registry import PROVIDERS
from pixels.violations import SENTENCES as VIOLATIONS

# A sentence that an earlier version has stored as it was, in English: {"text": …, "advice": …}.
LITERAL = "literal"


def _literal_advice(text: str, advice: str = "") -> str:
    return advice


OURS: Mapping[str, Sentence] = {
    LITERAL: "%(text)s",
    # The provider's own reasons, as a service gives them that refuses the same; here `provider` is the slug.
    "provider.not_supported": VIOLATIONS["missing_capability"],
    "provider.field_fixed": VIOLATIONS["field_fixed"],
    # Before a request
    "limits.circuit_open": _("%(provider)s has not been reachable lately."),
    "limits.held_up": _("PixelHub was held up too long to send this safely."),
    "limits.crowded": _("As much is under way at %(provider)s as it allows."),
    "limits.reads": ngettext_lazy(
        "PixelHub allows itself %(count)s read in %(seconds)g seconds at %(provider)s.",
        "PixelHub allows itself %(count)s reads in %(seconds)g seconds at %(provider)s.",
        "count",
    ),
    "limits.writes": ngettext_lazy(
        "PixelHub allows itself %(count)s change in %(seconds)g seconds at %(provider)s.",
        "PixelHub allows itself %(count)s changes in %(seconds)g seconds at %(provider)s.",
        "count",
    ),
    "limits.credentials_unreadable": _("PixelHub can no longer read the stored credentials of this connection."),
    "limits.credentials_gone": _("The credentials of this connection were removed or replaced meanwhile."),
    "limits.sandbox_off": _("The sandbox is switched off here."),
    "limits.address_not_https": _("The address set for %(provider)s does not begin with https://."),
    # Changes of pixels
    "outbox.secret_unreadable": _("PixelHub can no longer read a secret value of this pixel."),
    "outbox.failed_after_sending": _("PixelHub itself failed while handling the answer."),
    "outbox.failed_before_sending": _("PixelHub itself failed before it sent anything."),
    "outbox.stopped": _("PixelHub was stopped while it talked to %(provider)s."),
    "outbox.cancelled": _("Cancelled, not sent: the connection was disconnected."),
    "outbox.cancelled_perhaps_done": _("Cancelled, but perhaps carried out before: the connection was disconnected."),
    "outbox.restored": _("A backup was put back while this change was open; it may have been sent since."),
    # Which object a pixel stands for
    "link.duplicate": _("%(provider)s holds this pixel more than once: as %(ids)s."),
    "link.row_in_use": _("A sync has brought in this very pixel as “%(name)s”, and it is in use there."),
    # Syncs
    "sync.list_short": _("%(provider)s announced %(announced)s pixels and listed only %(listed)s."),
    "sync.too_many_missing": _(
        "%(missing)s of %(known)s pixels are not in %(provider)s's list any more. Nothing was marked."
    ),
    "sync.stopped": _("PixelHub was stopped each time it read this list."),
    "sync.failed": _("PixelHub itself failed while reading the list."),
    "sync.disconnected": _("The connection was disconnected."),
    # Tests of credentials
    "test.failed": _("PixelHub itself failed while testing."),
}

OUR_ADVICE: Mapping[str, Sentence] = {
    LITERAL: _literal_advice,
    "outbox.secret_unreadable": _("Enter it again and save."),
    "outbox.cancelled": _("Replace the connection's credentials, then retry."),
    "outbox.cancelled_perhaps_done": _("Replace the connection's credentials, then retry."),
    "outbox.restored": _("Compare with the provider after the next sync, then change it again if need be."),
    "link.duplicate": _("Delete those that are on no website at %(provider)s, then dismiss this message."),
    "link.row_in_use": _("Archive this row and go on with the other one."),
}

SENTENCES: Mapping[str, Sentence] = {
    **general.SENTENCES,
    **OURS,
    **{code: said for provider in PROVIDERS.values() for code, said in provider.sentences.items()},
}
ADVICE: Mapping[str, Sentence] = {
    **OUR_ADVICE,
    **{code: said for provider in PROVIDERS.values() for code, said in provider.advice.items()},
}
