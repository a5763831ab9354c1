"""Mails about a connection that has stopped working, or works again: one for each change, to those who manage it.

The row stores the state of which people were last notified. The worker that changes it there sends the mail, so no two
workers send the same mail, and no mail is sent about a state that has already ended.
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
from pixels.limits.poll import poll
from pixels.messages import connection_sentence
from pixels.models import Connection, Operation

log = logging.getLogger(__name__)

NotifiedState, Test = Connection.NotifiedState, Connection.Test
STATE = "state"  # annotation: the state of which people should be notified


def due(limit: int) -> list[UUID]:
    return list(_due().order_by("pk").values_list("pk", flat=True)[:limit])


def notify(connection_id: UUID | str) -> None:
    poll(_due().select_related("team").filter(pk=connection_id), _claim, _notify)


def _claim(connection: Connection) -> bool:
    """Store the new state in the database only: the row in memory keeps the old one, which `_notify` compares."""
    rows = Connection.objects.filter(pk=connection.pk, last_notified_state=connection.last_notified_state)
    return bool(rows.update(last_notified_state=getattr(connection, STATE)))


def _notify(connection: Connection) -> None:
    before, state = connection.last_notified_state, getattr(connection, STATE)
    is_new = not before and state != NotifiedState.DOWN  # the person who has just connected it sees its page
    # It has new credentials, and their provider has no test.
    is_untested = before == NotifiedState.PAUSED and connection.test == Test.UNTESTABLE
    if not is_new and not is_untested:
        _mail(connection, state)


def _mail(connection: Connection, state: str) -> None:
    to = Membership.objects.filter(team=connection.team, role__in=[Role.OWNER, Role.ADMIN], user__is_active=True)
    context = {
        "connection": connection,
        "provider": connection.provider_class,
        "state": state,
        "reason": connection_sentence(connection),
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
                except SMTPRecipientsRefused:  # the other addresses still get the mail
                    log.warning("mail about connection %s: an address was refused", connection.pk)
    except Exception as error:  # whatever a mail server raises: the screens show the same
        log.warning("mail about connection %s: %s", connection.pk, type(error).__name__)


def _due() -> QuerySet[Connection]:
    """Connections whose state is not the one of which people were last notified.

    If a connection has never worked, people are notified only when its provider has been away for NOTIFY_DOWN_AFTER.
    """
    notified = F("last_notified_state")
    never_worked = Q(last_notified_state=NotifiedState.NOTHING)
    away_for_long = timezone.now() - timedelta(seconds=settings.NOTIFY_DOWN_AFTER)
    # Some providers have no test of credentials, and while a provider is away, a test has no result.
    works = Q(test__in=[Test.WORKS, Test.UNTESTABLE]) | ~never_worked & ~Q(test=Test.REFUSED)
    state = Case(
        When(never_worked, paused_at__isnull=False, then=notified),
        When(paused_at__isnull=False, then=Value(NotifiedState.PAUSED)),
        When(down_since__lte=away_for_long, then=Value(NotifiedState.DOWN)),
        When(down_since__isnull=False, then=notified),  # it may soon be back
        When(works, then=Value(NotifiedState.WORKS)),
        default=notified,
        output_field=CharField(),
    )
    return Connection.objects.filter(disconnected_at=None).annotate(**{STATE: state}).exclude(**{STATE: notified})
