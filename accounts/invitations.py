"""The invitation that a visitor has opened, kept in the session until it is answered.

The link's token is exchanged for this at once, so that it does not stay in the address bar, the history or a Referer
header. Only the row's id is stored: the session is on the server and cannot be forged.
"""

from django.http import HttpRequest

from .models import Invitation

SESSION_KEY = "invitation"


def remember(request: HttpRequest, invitation: Invitation) -> None:
    request.session[SESSION_KEY] = invitation.pk


def remembered(request: HttpRequest) -> Invitation | None:
    pk = request.session.get(SESSION_KEY)
    return Invitation.objects.select_related("team", "invited_by").filter(pk=pk).first() if pk else None


def forget(request: HttpRequest) -> None:
    request.session.pop(SESSION_KEY, None)
