"""Every refusal of this app: codes with parameters, and the one table of their sentences.

`rules` and `actions` return codes and parameters as data, services raise them, and whoever shows one makes the
sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import violations
from pixels.providers.registry import PROVIDERS


def _missing(provider: str, capability: str) -> str:
    """The provider's own reason why it lacks a capability."""
    return str(dict(PROVIDERS[provider].missing).get(capability) or SENTENCES["cannot"])


def _fixed(provider: str, field: str) -> str:
    """The provider's own reason why an update cannot change this field."""
    return str(PROVIDERS[provider].pixel_form.fixed[field])


def _name_taken(provider: str) -> str:
    said = _("A pixel of this name is in the ad account; %(label)s wants each name once.")
    return str(said) % {"label": PROVIDERS[provider].label}


def _of_option(said: Promise) -> Callable[..., str]:
    """A sentence that names a field of the provider's form by its label."""

    def sentence(provider: str, option: str) -> str:
        label = str(PROVIDERS[provider].pixel_form.base_fields[option].label)
        return str(said) % {"label": label.lower()}

    return sentence


SENTENCES: Mapping[str, violations.Sentence] = {
    # Actions that are not possible now (actions.py)
    "role": _("Your role in this team does not allow this."),
    "missing_capability": _missing,
    "cannot": _("The provider cannot do this."),
    "archived": _("This pixel is archived. Restore it first."),
    "not_live": _("This is possible once the pixel is live."),
    "gone": _("The provider does not have this pixel any more."),
    "under_way": _("Another change of this pixel is under way. Wait for it and try again."),
    "disconnected": _("The connection of this pixel is not in use now."),
    "paused": _("The connection of this pixel is paused. Its credentials have to work first."),
    "already_active": _("This pixel is active already."),
    "already_inactive": _("This pixel is inactive already."),
    "not_failed": _("Only what failed can be sent again."),
    "too_late_to_cancel": _("It is too late to cancel this: it is being sent, or has been."),
    "settled": _("This is settled already."),
    "no_message": _("There is no message to dismiss."),
    "no_difference": _("This does not differ any more."),
    "field_fixed": _fixed,
    "watched_already": _("Differences of this are watched already."),
    "work_under_way": _("Work on this pixel is under way. Archive it when that has ended."),
    "already_archived": _("This pixel is archived already."),
    "not_archived": _("This pixel is not archived."),
    "nothing_to_fill_in": _("There is nothing to fill in."),
    # Connections
    "ad_account_taken": _("%(remote_id)s is on this connection already."),
    "connection_disconnected": _("This connection is disconnected. Replace its credentials first."),
    "connection_not_in_use": _("This connection is not in use now."),
    "no_ad_account": _("Pick an ad account first: its pixels are what a sync reads."),
    "sync_superseded": _("Another sync has ended since. Look at what it says."),
    "sync_just_ended": _("A sync of this connection has just ended. Try again."),
    "sync_does_not_know": _("A sync is under way that does not know of this. Say it again when that has ended."),
    # Invalid input (rules.py)
    "form_already_sent": _("This form was sent before, with other values. Send it again to create these as well."),
    "refused": "%(message)s",  # a form field's own message
    "not_understood": _("PixelHub does not know this value."),
    "one_event_per_pixel": _("A pixel here stands for one event."),
    "name_twice_in_batch": _("Two pixels of this batch have this name."),
    "option_twice_in_batch": _of_option(_("Two pixels of this batch have this %(label)s.")),
    "name_taken": _name_taken,
    "option_taken": _of_option(_("A pixel with this %(label)s is in the ad account. Each needs its own.")),
    "option_of_another": _of_option(_("Another pixel in the ad account has this %(label)s.")),
    "no_remote_id": _("An id has no spaces and at most %(limit)s characters."),
    "website_name_taken": _("A website of this name is already in this team."),
    "website_archived": _("This website is archived. Restore it first."),
    "remote_id_taken": _("That id belongs to “%(pixel)s” already. Look again which one this is."),
}


class RuleViolation(violations.RuleViolation):
    sentences: ClassVar[Mapping[str, violations.Sentence]] = SENTENCES
