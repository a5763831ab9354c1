"""A refusal as data: a code and its parameters. The sentence is made when it is shown."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# A sentence with %(name)s for each parameter; or a function of the parameters, if the sentence is in another table.
Sentence = str | Promise | Callable[..., str]

SENTENCES: Mapping[str, Sentence] = {
    "already_member": _("%(email)s is in this team already."),
    "already_invited": _("%(email)s has an open invitation. Revoke it to send a new one."),
    "too_many_invitations": _("A team can send %(limit)s invitations a day. Try again tomorrow."),
    "mail_failed": _("The mail could not be sent, so nobody was invited. Try again in a few minutes."),
    "invitation_of_another": _("This invitation is for %(email)s."),
    "invitation_ended": _("This invitation can no longer be used."),
    "invitation_answered": _("The invitation of %(email)s was accepted or revoked already."),
    "not_a_member": _("%(member)s is not in this team any more."),
    "last_owner": _("A team needs an owner. Make someone else an owner first."),
}


class RuleViolation(Exception):
    """What somebody asked for breaks a rule, and nothing was changed. str() gives the sentence."""

    sentences: ClassVar[Mapping[str, Sentence]] = SENTENCES

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    def __str__(self) -> str:
        return say(self.sentences, self.code, self.params)


def say(sentences: Mapping[str, Sentence], code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a code, in the active language. Raises KeyError for an unknown code."""
    sentence: Any = sentences[code]
    return sentence(**params) if callable(sentence) else str(sentence % dict(params))
