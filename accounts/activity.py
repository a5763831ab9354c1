"""The one audit log: what is written to it, and how a line of it reads.

A row keeps a code and its parameters; the words are made when it is shown, in the reader's language. A code begins with
the kind of thing that the line is about: "member.removed". Another app brings the words of its own codes (`register`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from .models import Activity, Role
from .violations import Sentence, say

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


def _role(role: str) -> str:
    return str(Role(role).label).lower()


def _as_role(role: str) -> str:
    return gettext("as %(role)s") % {"role": _role(role)}


def _was(role: str) -> str:
    return gettext("was %(role)s") % {"role": _role(role)}


def _from_to(before: str, after: str) -> str:
    return f"{_role(before)} → {_role(after)}"


# What a line can be about, as the filter of the log names it.
KINDS: dict[str, _StrOrPromise] = {
    "team": pgettext_lazy("activity", "team"),
    "member": pgettext_lazy("activity", "member"),
    "invitation": pgettext_lazy("activity", "invitation"),
}
# What was done, and to what kind of thing; the thing's name follows.
VERBS: dict[str, _StrOrPromise] = {
    "team.created": _("created team"),
    "invitation.created": _("created invitation"),
    "invitation.accepted": _("accepted invitation"),
    "invitation.revoked": _("revoked invitation"),
    "member.changed": _("changed member"),
    "member.removed": _("removed member"),
}
# What is said behind the name; most codes need nothing more.
DETAILS: dict[str, Sentence] = {
    "invitation.created": _as_role,
    "invitation.accepted": _as_role,
    "member.changed": _from_to,
    "member.removed": _was,
}


def register(
    kinds: Mapping[str, _StrOrPromise], verbs: Mapping[str, _StrOrPromise], details: Mapping[str, Sentence]
) -> None:
    """Add the words of another app's codes."""
    KINDS.update(kinds)
    VERBS.update(verbs)
    DETAILS.update(details)


record = Activity.record


@dataclass(frozen=True)
class Line:
    """A row of the log in words: `actor` `verb` `label`, "ann@shop.example created pixel Shop", and a `detail`."""

    actor: str
    verb: str
    label: str
    detail: str
    at: datetime


def line(activity: Activity) -> Line:
    """A code of a newer version, which has no words here, is shown as it is."""
    code, params = activity.code, activity.params
    if code:
        verb = str(VERBS.get(code, code))
        detail = say(DETAILS, code, params) if code in DETAILS else ""
    else:  # an earlier version wrote English, and what it meant is not known by a code
        verb, detail = f"{params['verb']} {activity.kind}", params["detail"]
    return Line(actor=activity.actor_label, verb=verb, label=activity.label, detail=detail, at=activity.at)
