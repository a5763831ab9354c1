"""What Xandr's own errors say, by the code of the message."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from ..messages import Sentence

SENTENCES: Mapping[str, Sentence] = {
    # Logging in
    "xandr.password_refused": _("Xandr refused the username or the password."),
    "xandr.key_refused": _("Xandr refused the key, its name or its user name."),
    "xandr.log_in_refused": _("Xandr refused the log-in."),
    "xandr.session_refused": _("Xandr refused a session that it had just opened."),
    "xandr.password_expired": _("Xandr says that the password has expired."),
    "xandr.user_disabled": _("Xandr says that this user is switched off."),
    "xandr.key_unusable": _("The stored private key cannot be used for signing."),
    # What the test of the credentials has found
    "xandr.read_only": _("This user can look but not change: Xandr will refuse to create, change or delete pixels."),
    "xandr.password_expires": _("Its password expires on %(date)s."),
    "xandr.read_only_and_expires": _(
        "This user can look but not change: Xandr will refuse to create, change or delete pixels. "
        "Its password expires on %(date)s."
    ),
    # Answers
    "xandr.failed": _("Xandr failed with an error of its own."),
    "xandr.not_allowed": _("Xandr does not allow this user to do that."),
    "xandr.no_such_pixel": _("Xandr says that this pixel does not exist."),
    "xandr.other_advertiser": _("Xandr answered with a pixel of another advertiser."),
    "xandr.report_failed": _("Xandr could not make its report of last fires."),
    # Lists
    "xandr.list_endless": _("Xandr's list has no end."),
    "xandr.list_short": _("Xandr's list is shorter than it says."),
    "xandr.list_repeated": _("Xandr repeats itself instead of listing everything."),
    # Deleting
    "xandr.delete_refused": _("Xandr refused to delete this pixel."),
    "xandr.in_use": ngettext_lazy(
        "Xandr refused to delete this pixel: %(count)s line item uses it.",
        "Xandr refused to delete this pixel: %(count)s line items use it.",
        "count",
    ),
}


def _take_out(count: int, line_items: Sequence[Sequence[str]]) -> str:
    """`count`: of all line items that use the pixel; `line_items`: id, name and state of the first ones."""
    named = ", ".join(_line_item(*one) for one in line_items)
    more = count - len(line_items)
    if more:
        sentence = gettext("At Xandr, remove the pixel from %(named)s and %(more)s more; then delete it again.")
    else:
        sentence = gettext("At Xandr, remove the pixel from %(named)s; then delete it again.")
    return sentence % {"named": named, "more": more}


def _line_item(remote_id: str, name: str, state: str) -> str:
    text = gettext("Line Item %(id)s") % {"id": remote_id}
    return text + (f" “{name}”" if name else "") + (f" ({state})" if state else "")


ADVICE: Mapping[str, Sentence] = {
    "xandr.delete_refused": _(
        "It does so while a line item uses the pixel: look for one there and remove the pixel from it."
    ),
    "xandr.in_use": _take_out,
}
