"""Which actions are possible on a pixel now. Services enforce it under their row lock; screens and admin show it.

Each action has a row in CHECKS with its conditions, in the order in which their reasons are shown. The table ROLES says
which role each action takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from accounts.models import Membership, Role
from accounts.violations import say
from pixels.models import Operation, Pixel
from pixels.providers.values import Capability
from pixels.violations import SENTENCES

Lifecycle, RemoteStatus = Pixel.Lifecycle, Pixel.RemoteStatus


class Action(StrEnum):
    EDIT = "edit"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DELETE = "delete"  # at the provider
    RETRY = "retry"  # also sends a draft
    CANCEL = "cancel"
    CONFIRM_EXISTS = "confirm_exists"
    CONFIRM_ABSENT = "confirm_absent"
    DISMISS = "dismiss"
    ADOPT_THEIRS = "adopt_theirs"
    RESTORE_OURS = "restore_ours"
    IGNORE = "ignore"
    WATCH_AGAIN = "watch_again"
    FILL_IN = "fill_in"  # the values that the provider's snippet needs besides the pixel
    MOVE = "move"  # to another website or to none
    ARCHIVE = "archive"
    RESTORE = "restore"  # from the archive


# The access table of pixels. Viewing them takes Role.VIEWER.
ROLES: Mapping[Action, Role] = {
    Action.EDIT: Role.EDITOR,
    Action.ACTIVATE: Role.EDITOR,
    Action.DEACTIVATE: Role.EDITOR,
    Action.DELETE: Role.EDITOR,
    Action.RETRY: Role.EDITOR,
    Action.CANCEL: Role.EDITOR,
    Action.CONFIRM_EXISTS: Role.EDITOR,
    Action.CONFIRM_ABSENT: Role.EDITOR,
    Action.DISMISS: Role.EDITOR,
    Action.ADOPT_THEIRS: Role.EDITOR,
    Action.RESTORE_OURS: Role.EDITOR,
    Action.IGNORE: Role.EDITOR,
    Action.WATCH_AGAIN: Role.EDITOR,
    Action.FILL_IN: Role.EDITOR,
    Action.MOVE: Role.EDITOR,
    Action.ARCHIVE: Role.EDITOR,
    Action.RESTORE: Role.EDITOR,
}
# Reasons that mean there is nothing left to do: repeating the request, as by a double click, is no error.
NOTHING_TO_DO = frozenset({"already_active", "already_inactive", "no_message", "already_archived", "not_archived"})


@dataclass(frozen=True)
class Decision:
    """True if the action is possible now. Otherwise `code` and `params` give the reason, and `sentence` says it."""

    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return not self.code

    @property
    def nothing_to_do(self) -> bool:
        """Whether the pixel is already as this action would leave it."""
        return self.code in NOTHING_TO_DO

    @property
    def sentence(self) -> str:
        return say(SENTENCES, self.code, self.params) if self.code else ""


YES = Decision()


def allowed(pixel: Pixel, operation: Operation | None, membership: Membership | None) -> dict[Action, Decision]:
    """The decision on each action; templates read them by name: `allowed.retry`, `allowed.retry.sentence`.

    `operation`: the pixel's last one. `membership`: of the person who asks; None for a worker or an admin of the
    installation, whom no role limits. Reads `pixel.connection`, and nothing else from the database.
    """
    return {action: decide(action, pixel, operation, membership) for action in Action}


def decide(action: Action, pixel: Pixel, operation: Operation | None, membership: Membership | None) -> Decision:
    """The decision on one action; see `allowed`."""
    if membership is not None and not membership.can(ROLES[action]):
        return Decision("role")
    decisions = (check(pixel, operation) for check in CHECKS[action])
    return next((decision for decision in decisions if not decision), YES)


def last_operation(pixel: Pixel) -> Operation | None:
    return pixel.operations.order_by("-created_at").first()


Check = Callable[[Pixel, Operation | None], Decision]


def _no(code: str, stands_against: object) -> Decision:
    return Decision(code) if stands_against else YES


def _can(capability: Capability) -> Check:
    """The condition that the provider has this capability."""

    def check(pixel: Pixel, operation: Operation | None) -> Decision:
        provider = pixel.provider_class
        if provider.can(capability):
            return YES
        return Decision("missing_capability", {"provider": provider.slug, "capability": capability})

    return check


def _not_archived(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("archived", pixel.archived_at)  # of an archived pixel, nobody would see the outcome


def _is_live(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("not_live", pixel.lifecycle != Lifecycle.LIVE)


def _not_gone(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("gone", pixel.remote_status == RemoteStatus.GONE)


def _none_under_way(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("under_way", operation is not None and operation.state in Operation.OPEN)


def _connection_in_use(pixel: Pixel, operation: Operation | None) -> Decision:
    connection = pixel.connection
    return _no("disconnected", connection.disconnected_at) and _no("paused", connection.paused_at)


def _is_active(pixel: Pixel) -> bool:
    """By the provider's last values, otherwise by ours."""
    return pixel.provider_class.is_active(pixel.options | (pixel.remote_values or {}))


def _is_off(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("already_active", _is_active(pixel))


def _is_on(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("already_inactive", not _is_active(pixel))


def _can_be_sent_again(pixel: Pixel, operation: Operation | None) -> Decision:
    """Only creates and updates that were definitely not carried out, never unconfirmed ones. A delete is not
    repeated here: each time, a person confirms it by typing the name."""
    again = (
        operation is not None
        and operation.kind in (Operation.Kind.CREATE, Operation.Kind.UPDATE)
        and operation.state in (Operation.State.FAILED, Operation.State.CANCELLED)
    )
    failed = pixel.lifecycle in (Lifecycle.FAILED, Lifecycle.LIVE) and pixel.error_code
    waits = failed or pixel.lifecycle == Lifecycle.DRAFT
    return _no("not_failed", not (again and waits) or pixel.archived_at)


def _is_not_sent(pixel: Pixel, operation: Operation | None) -> Decision:
    """An unconfirmed update or delete may have been carried out already, so it is not cancelled, unless its
    connection is disconnected and nobody can repeat it."""
    if operation is None or operation.state != Operation.State.PENDING:
        return Decision("too_late_to_cancel")
    perhaps_done = operation.kind != Operation.Kind.CREATE and operation.unconfirmed_count
    return _no("too_late_to_cancel", perhaps_done and not pixel.connection.disconnected_at)


def _create_is_unknown(pixel: Pixel, operation: Operation | None) -> Decision:
    """The answer to its create was lost, and no other row is known to stand for the object."""
    known = pixel.remote_id or pixel.remote_status == RemoteStatus.DUPLICATE
    return _no("settled", pixel.lifecycle != Lifecycle.UNKNOWN or known or pixel.archived_at)


def has_unconfirmed_id(pixel: Pixel) -> bool:
    """Whether a person has typed its id and the provider has not confirmed it yet; then the id can still be
    corrected."""
    live = pixel.lifecycle == Lifecycle.LIVE and not pixel.archived_at
    return live and pixel.remote_values is None and pixel.checked_at is None


def _id_is_open(pixel: Pixel, operation: Operation | None) -> Decision:
    return YES if has_unconfirmed_id(pixel) else _create_is_unknown(pixel, operation)


def _has_message(pixel: Pixel, operation: Operation | None) -> Decision:
    """Only a refused change leaves an error to dismiss. Other errors are resolved by sending again or looking up."""
    return _no("no_message", pixel.lifecycle != Lifecycle.LIVE or not pixel.error_code)


def _differs(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("no_difference", not pixel.drift or not pixel.remote_values)


def _differs_where_it_can_be_sent(pixel: Pixel, operation: Operation | None) -> Decision:
    fixed = [name for name in pixel.drift if name in pixel.provider_class.pixel_form.fixed]
    if len(fixed) < len(pixel.drift):
        return YES
    return Decision("field_fixed", {"provider": pixel.provider_class.slug, "field": fixed[0]})


def _ignores(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("watched_already", not pixel.ignored)


def _has_values_to_fill_in(pixel: Pixel, operation: Operation | None) -> Decision:
    hands_out = pixel.remote_id and pixel.lifecycle != Lifecycle.DELETED  # a deleted pixel has no snippets
    return _no("nothing_to_fill_in", pixel.provider_class.tag_form is None or not hands_out)


def _not_archived_yet(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("already_archived", pixel.archived_at)


def _is_archived(pixel: Pixel, operation: Operation | None) -> Decision:
    return _no("not_archived", not pixel.archived_at)


def _work_has_ended(pixel: Pixel, operation: Operation | None) -> Decision:
    """Open work must end first, so that people see its outcome. A look-up on a disconnected connection never ends."""
    never_ends = pixel.lifecycle == Lifecycle.CHECKING and pixel.connection.disconnected_at
    return _no("work_under_way", pixel.is_pending and not never_ends)


_LIVE = (_is_live, _not_gone)
_SEND = (_none_under_way, _connection_in_use)
CHECKS: Mapping[Action, tuple[Check, ...]] = {
    Action.EDIT: (_not_archived, _can("update"), *_LIVE, *_SEND),
    Action.ACTIVATE: (_not_archived, _can("activate"), *_LIVE, _is_off, *_SEND),
    Action.DEACTIVATE: (_not_archived, _can("activate"), *_LIVE, _is_on, *_SEND),
    Action.DELETE: (_not_archived, _can("delete"), *_LIVE, *_SEND),
    Action.RETRY: (_can_be_sent_again, _not_gone, *_SEND),
    Action.CANCEL: (_is_not_sent,),
    Action.CONFIRM_EXISTS: (_id_is_open,),
    Action.CONFIRM_ABSENT: (_create_is_unknown, _connection_in_use),
    Action.DISMISS: (_has_message,),
    Action.ADOPT_THEIRS: (*_LIVE, _differs),
    Action.RESTORE_OURS: (_not_archived, _can("update"), *_LIVE, _differs, _differs_where_it_can_be_sent, *_SEND),
    Action.IGNORE: (*_LIVE, _differs),
    Action.WATCH_AGAIN: (_is_live, _ignores),
    Action.FILL_IN: (_has_values_to_fill_in,),
    Action.MOVE: (),
    Action.ARCHIVE: (_not_archived_yet, _work_has_ended),
    Action.RESTORE: (_is_archived,),
}
