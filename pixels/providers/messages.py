"""What errors of any provider say, by the code of the message. A provider's own sentences lie in <slug>/messages.py.

`provider` is the provider's label in each of them.
"""

from collections.abc import Callable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .errors import BadCredentials, Forbidden, NotSent, Rejected, Throttled

# A sentence with %(name)s for each parameter; or a function of the parameters, where it is put together.
Sentence = str | Promise | Callable[..., str]

SENTENCES: Mapping[str, Sentence] = {
    # Nothing was sent
    "provider.not_reachable": _("%(provider)s is not reachable."),
    "provider.no_secure_connection": _("No secure connection to %(provider)s could be made."),
    "provider.no_session": _("%(provider)s opened no session."),
    # No complete answer
    "provider.no_answer": _("%(provider)s did not answer within %(seconds)g seconds."),
    "provider.broke_off": _("%(provider)s broke the connection off before its answer was complete."),
    # An answer that says neither yes nor no
    "provider.failed": _("%(provider)s failed with an error of its own (%(http_status)s)."),
    "provider.redirect": _("%(provider)s answered with an unexpected redirect."),
    "provider.web_page": _("%(provider)s answered with a web page instead of data."),
    "provider.nothing": _("%(provider)s answered with nothing."),
    "provider.unclear": _("%(provider)s answered with status %(http_status)s, which says neither yes nor no."),
    "provider.not_understood": _("%(provider)s answered with data that PixelHub does not understand."),
    "provider.cannot_unpack": _("%(provider)s's answer cannot be unpacked."),
    "provider.too_much": _("%(provider)s sent more data than PixelHub accepts."),
    # A clear answer
    "provider.throttled": _("%(provider)s asks us to wait."),
    "provider.forbidden": _("%(provider)s does not allow this with these credentials."),
    "provider.rejected": _("%(provider)s refused this."),
}

# What a person can do, by the kind of the error, where its message has no advice of its own.
ADVICE_BY_KIND: Mapping[str, Sentence] = {
    NotSent.code: _("PixelHub keeps trying by itself."),
    Throttled.code: _("PixelHub goes on by itself when the wait is over."),
    Rejected.code: _("Change what it names and send again."),
    BadCredentials.code: _("Replace the credentials of this connection."),
    Forbidden.code: _("Ask for the right at the provider, or use other credentials."),
}
