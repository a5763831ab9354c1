"""What the lines about websites, connections and pixels in the activity log say (accounts/activity.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.violations import Sentence
from pixels.providers.registry import PROVIDERS

from .fields import field_label


def _fields(fields: Sequence[str], provider: str) -> str:
    """`provider`: its slug; the form labels the fields."""
    return ", ".join(field_label(PROVIDERS[provider], name) for name in fields)


KINDS = {
    "website": pgettext_lazy("activity", "website"),
    "connection": pgettext_lazy("activity", "connection"),
    "pixel": pgettext_lazy("activity", "pixel"),
}
VERBS = {
    "website.added": _("added website"),
    "website.changed": _("changed website"),
    "website.archived": _("archived website"),
    "website.restored": _("restored website"),
    "connection.added": _("added connection"),
    "connection.credentials_replaced": _("replaced the credentials of connection"),
    "connection.ad_account_added": _("added an ad account to connection"),
    "connection.disconnected": _("disconnected connection"),
    "connection.sync_started": _("started a sync of connection"),
    "connection.gone_confirmed": _("confirmed what is gone and started a sync of connection"),
    "pixel.created": _("created pixel"),
    "pixel.archived": _("archived pixel"),
    "pixel.restored": _("restored pixel"),
    "pixel.moved": _("moved pixel"),
    "pixel.moved_out": _("moved pixel"),
    "pixel.snippet_filled_in": _("filled in the snippet of pixel"),
    "pixel.change_asked": _("asked to change pixel"),
    "pixel.activation_asked": _("asked to activate pixel"),
    "pixel.deactivation_asked": _("asked to deactivate pixel"),
    "pixel.delete_asked": _("asked to delete pixel"),
    "pixel.retried": _("retried pixel"),
    "pixel.change_cancelled": _("cancelled the change of pixel"),
    "pixel.work_cancelled": _("cancelled the open work of pixel"),
    "pixel.change_conflicted": _("did not send a change, as theirs had changed too: pixel"),
    "pixel.theirs_adopted": _("adopted the provider's values of pixel"),
    "pixel.ours_asked": _("asked to restore our values of pixel"),
    "pixel.drift_ignored": _("ignores differences of pixel"),
    "pixel.drift_watched": _("watches again for differences of pixel"),
    "pixel.found": _("found after a lost answer pixel"),
    "pixel.exists_confirmed": _("said that it is there: pixel"),
    "pixel.absent_confirmed": _("said that it is not there and sent again: pixel"),
    "pixel.message_dismissed": _("dismissed the message of pixel"),
}
DETAILS: Mapping[str, Sentence] = {
    "connection.ad_account_added": "%(ad_account)s",
    "pixel.moved": _("to %(website)s"),
    "pixel.moved_out": _("to no website"),
    "pixel.change_asked": _fields,
    "pixel.change_conflicted": _fields,
    "pixel.theirs_adopted": _fields,
    "pixel.ours_asked": _fields,
    "pixel.drift_ignored": _fields,
    "pixel.drift_watched": _fields,
    "pixel.found": _("as %(remote_id)s"),
    "pixel.exists_confirmed": _("as %(remote_id)s"),
}
