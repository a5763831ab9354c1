"""What Easyflow's own errors say, by the code of the message."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from ..messages import Sentence

SENTENCES: Mapping[str, Sentence] = {
    "easyflow.key_refused": _("Easyflow refused the API key or the API secret."),
    "easyflow.gateway_refused": _("The gateway in front of Easyflow turned this away."),
    "easyflow.list_unknown": _("Easyflow does not know the list of pixels that EASYFLOW_LIST makes PixelHub ask for."),
    "easyflow.list_cut_short": _("Easyflow's list of pixels ended before it was complete."),
    "easyflow.not_listed": _("Easyflow does not list this pixel any more."),
}

ADVICE: Mapping[str, Sentence] = {
    "easyflow.gateway_refused": _(
        "Either the API key is unknown there, or Easyflow has no such call: check the key first."
    ),
}
