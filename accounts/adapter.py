"""The hooks that allauth calls. A visitor with an invitation in the session joins that team when signing up or in."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from . import invitations, services
from .models import User


class AccountAdapter(DefaultAccountAdapter):
    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """The invitation's link came by mail to this address, so whoever opens it need not confirm the address
        again."""
        invitation = invitations.remembered(request)
        return bool(invitation and invitation.email == email.lower())

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        invitation = invitations.remembered(request)
        if invitation is None:
            return response
        if not invitation.team.memberships.filter(user=user).exists():
            try:
                services.accept_invitation(invitation, user)
            except services.RuleViolation:
                return redirect("invitation_answer")  # that page says why
        invitations.forget(request)
        return redirect(invitation.team)
