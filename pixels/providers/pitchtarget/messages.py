"""What PitchTarget's own errors say, by the code of the message."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from ..messages import Sentence

SENTENCES: Mapping[str, Sentence] = {
    "pitchtarget.log_in_refused": _("PitchTarget refused the username, the password or the client id."),
    "pitchtarget.token_refused": _("PitchTarget refused the token."),
    "pitchtarget.new_token_refused": _("PitchTarget refused a token that it had just given."),
    "pitchtarget.accounts_cut_short": _("PitchTarget's list of ad accounts ended before it was complete."),
    "pitchtarget.not_listed": _("PitchTarget does not list this pixel any more."),
}
