"""Mail about a connection that has stopped working, or works again: one for each change, to those who manage it.

What people were told last is in the row; whoever changes it there sends the mail. So two workers never both do, and a
state that was over before anybody looked is not told at all.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role
from pixels.models import Connection, Operation

log = logging.getLogger(__name__)

NotifiedState, Test = Connection.NotifiedState, Connection.Test
WORKS = Value(NotifiedState.WORKS)
STATE = "state"  # what people ought to know, beside what they were told


def due(limit: int) -> list[UUID]:
    return list(_due().order_by("pk").values_list("pk", flat=True)[:limit])


def notify(connection_id: UUID | str) -> None:
    connection = _due().select_related("team").filter(pk=connection_id).first()
    if connection is None:
        return
    state, before = getattr(connection, STATE), connection.last_notified_state
    if not Connection.objects.filter(pk=connection.pk, last_notified_state=before).update(last_notified_state=state):
        return
    if not before and state != NotifiedState.DOWN:
        return  # it is new: whoever has just made it is looking at it
    if before == NotifiedState.PAUSED and connection.test == Test.UNTESTABLE:
        return  # there are other credentials, and nobody knows yet whether they work
    to = Membership.objects.filter(team=connection.team, role__in=[Role.OWNER, Role.ADMIN], user__is_active=True)
    context = {
        "connection": connection,
        "provider": connection.provider_class,
        "state": state,
        "waiting": Operation.objects.open().filter(pixel__connection=connection).count(),
        "url": settings.PUBLIC_URL + reverse("connection", args=[connection.team.slug, connection.pk]),
    }
    subject = render_to_string("pixels/mail/connection_subject.txt", context).strip()
    body = render_to_string("pixels/mail/connection.txt", context)
    try:
        with get_connection() as server:
            for address in to.values_list("user__email", flat=True):
                try:
                    EmailMessage(subject, body, to=[address], connection=server).send()
                except SMTPRecipientsRefused:  # the others' are good
                    log.warning("mail about connection %s: an address was refused", connection.pk)
    except Exception as error:  # whatever a mail server raises: it is on the screen all the same
        log.warning("mail about connection %s: %s", connection.pk, type(error).__name__)


def _due() -> QuerySet[Connection]:
    """Those whose state is another than the one that people were told. Of one that never worked, only that it is away
    for long."""
    long_ago = timezone.now() - timedelta(seconds=settings.NOTIFY_DOWN_AFTER)
    state = Case(
        When(paused_at__isnull=False, last_notified_state=NotifiedState.NOTHING, then=F("last_notified_state")),
        When(paused_at__isnull=False, then=Value(NotifiedState.PAUSED)),
        When(down_since__lte=long_ago, then=Value(NotifiedState.DOWN)),
        When(down_since__isnull=False, then=F("last_notified_state")),  # it may be back before long
        # Of some nothing tests the credentials, and of others the last test was made while they were away.
        When(
            Q(test__in=[Test.WORKS, Test.UNTESTABLE])
            | ~Q(last_notified_state=NotifiedState.NOTHING) & ~Q(test=Test.REFUSED),
            then=WORKS,
        ),
        default=F("last_notified_state"),
        output_field=CharField(),
    )
    return (
        Connection.objects.filter(disconnected_at=None).annotate(**{STATE: state}).exclude(last_notified_state=F(STATE))
    )
