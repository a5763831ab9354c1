"""What the page of a pixel says above everything else: why it waits, what went wrong, what a person can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import Membership
from pixelhub.components import Action, Banner
from pixelhub.templatetags.ui import ago
from pixels.actions import Action as PixelAction
from pixels.actions import Decision
from pixels.messages import connection_sentence, error_advice, error_sentence
from pixels.models import Operation, Pixel
from pixels.providers.errors import BadCredentials, Rejected
from pixels.templatetags.times import at

from .blockers import Blocker

PROVIDER_MESSAGE = "pixels/pixel_provider_message.html"


@dataclass(frozen=True)
class Situation:
    """A pixel as one member sees it now."""

    pixel: Pixel
    membership: Membership
    last: Operation | None  # the pixel's last operation
    blocker: Blocker | None
    may: Mapping[PixelAction, Decision]  # for this member

    @property
    def provider(self) -> str:
        return self.pixel.provider_class.label

    def is_cut_off(self, action: PixelAction) -> bool:
        """Nothing stands against this action but the connection, which is paused or disconnected."""
        return self.may[action].code in ("paused", "disconnected")

    def url(self, view: str) -> str:
        return reverse(view, args=[self.membership.team.slug, self.pixel.pk])

    def connection_url(self, view: str) -> str:
        return reverse(view, args=[self.membership.team.slug, self.pixel.connection_id])

    def button(self, label: str, view: str, **looks: Any) -> Action:
        return Action(label, self.url(view), **looks)

    @property
    def new_pixel_url(self) -> str:
        """The form for a new pixel, filled in with what this one has."""
        values = {"connection": self.pixel.connection_id, "name": self.pixel.name}
        if self.pixel.website_id:
            values["website"] = self.pixel.website_id
        return f"{reverse('pixel_new', args=[self.membership.team.slug])}?{urlencode(values)}"


def banners(situation: Situation) -> tuple[Banner, ...]:
    """In the order in which they stand on the page."""
    found = (_archived(situation), _blocked(situation), _by_state(situation), _gone(situation))
    return tuple(banner for banner in found if banner)


def _archived(situation: Situation) -> Banner | None:
    if not situation.pixel.archived_at:
        return None
    sentence = _("Put away here; nothing was changed at {provider}.").format(provider=situation.provider)
    actions = (situation.button(_("Restore"), "pixel_restore"),) if situation.may[PixelAction.RESTORE] else ()
    return Banner("waiting", "archive", _("Archived"), (sentence,), actions)


# -- Why a change under way stands still; most of it ends by itself ---------------------------------------------------


def _blocked(situation: Situation) -> Banner | None:
    makers = {
        "limit": _limit,
        "down": _down,
        "paused": _paused,
        "disconnected": _disconnected,
        "line": _line,
    }
    make = makers.get(situation.blocker.reason) if situation.blocker else None  # "late" is the page's own banner
    return make(situation) if make else None


def _when(situation: Situation) -> SafeString | str:
    until = situation.blocker.until if situation.blocker else None
    return ago(until) if until else _("in a moment")


def _limit(situation: Situation) -> Banner:
    until = situation.blocker.until if situation.blocker else None
    sentence = _("Goes on in a moment.")
    if until:
        sentence = format_html(_("Goes on {when} ({time})."), when=ago(until), time=at(until))
    title = error_sentence(situation.last) if situation.last else ""
    return Banner("waiting", "clock", title, (sentence,), more=PROVIDER_MESSAGE)


def _down(situation: Situation) -> Banner:
    since = situation.pixel.connection.down_since
    title = _("{provider} has not been reachable since {time}")
    sentence = _("Next try {when}. Nothing is lost, and it goes on by itself.")
    return Banner(
        "needs",
        "plug-x",
        format_html(title, provider=situation.provider, time=at(since) if since else "—"),
        (format_html(sentence, when=_when(situation)),),
        (_see_connection(situation),),
        more=PROVIDER_MESSAGE,
    )


def _paused(situation: Situation) -> Banner:
    why = connection_sentence(situation.pixel.connection)
    sentence = f"{why} {_('Nothing is sent until these credentials work.')}"
    actions = (_see_connection(situation),)
    return Banner("needs", "player-pause", _("Its connection is paused"), (sentence,), actions, is_alert=True)


def _disconnected(situation: Situation) -> Banner:
    sentence = _("It goes on once the connection has credentials again.")
    actions = (_see_connection(situation),)
    return Banner("needs", "plug-x", _("Its connection is disconnected"), (sentence,), actions, is_alert=True)


def _line(situation: Situation) -> Banner:
    sentence = _("Other changes at {provider} come first.").format(provider=situation.provider)
    return Banner("waiting", "clock", _("In line"), (sentence,))


def _see_connection(situation: Situation) -> Action:
    return Action(_("See connection"), situation.connection_url("connection"), is_link=True)


# -- What has become of it --------------------------------------------------------------------------------------------


def _by_state(situation: Situation) -> Banner | None:
    pixel, last, blocker = situation.pixel, situation.last, situation.blocker
    match pixel.lifecycle:
        case Pixel.Lifecycle.DRAFT:
            return _draft(situation)
        case Pixel.Lifecycle.UNKNOWN:
            return _unknown(situation)
        case Pixel.Lifecycle.CHECKING:
            return _checking(situation)
    is_sending = pixel.is_pending and last is not None and last.state == Operation.State.IN_FLIGHT
    if not pixel.error_code or is_sending or (blocker and blocker.is_known):
        return None
    return _error(situation)


def _draft(situation: Situation) -> Banner:
    actions: list[Action] = []
    sentences: list[str] = []
    if situation.may[PixelAction.RETRY]:
        sentence = _('Send it as it is, or <a href="{url}">make a new pixel</a> with other values.')
        sentences.append(format_html(sentence, url=situation.new_pixel_url))
        actions.append(situation.button(_("Send"), "pixel_retry"))
    elif situation.is_cut_off(PixelAction.RETRY):
        sentences.append(situation.may[PixelAction.RETRY].sentence)
    if situation.may[PixelAction.ARCHIVE]:
        actions.append(situation.button(_("Archive"), "pixel_archive", style="quiet"))
    return Banner("waiting", "pencil", _("Draft: nothing was sent"), tuple(sentences), tuple(actions))


def _unknown(situation: Situation) -> Banner:
    pixel = situation.pixel
    can_be_found = pixel.connection.can_sync and pixel.can_be_recognised
    actions = []
    if can_be_found and situation.membership.can_edit:
        actions.append(Action(_("Sync now"), situation.connection_url("connection_sync")))
    not_again = _("PixelHub does not send it again by itself, so that nothing is created twice.")
    return Banner(
        "unknown",
        "question-mark",
        _("This pixel may or may not exist at {provider}").format(provider=situation.provider),
        (f"{error_sentence(pixel)} {not_again}", _how_to_find(situation, can_be_found)),
        tuple(actions),
        is_alert=True,
        more="pixels/pixel_resolve.html" if situation.may[PixelAction.CONFIRM_EXISTS] else PROVIDER_MESSAGE,
    )


def _how_to_find(situation: Situation, can_be_found: bool) -> str:
    if can_be_found:
        sentence = _("Sync the connection: if {provider} has it, it is attached here.")
    elif situation.pixel.lookup_key:
        sentence = _("Look it up at {provider} by its reference: <code>{reference}</code>.")
    else:
        sentence = _(
            "It was sent without a code, so only its name tells it: look it up at {provider}, "
            "and archive this row if a sync has brought it in."
        )
    return format_html(sentence, provider=situation.provider, reference=situation.pixel.lookup_key)


def _checking(situation: Situation) -> Banner:
    last = situation.last
    if last and last.not_before and not situation.blocker:
        sentence = format_html(
            _("PixelHub looks it up at {provider} {when}: if it is there it is attached, if not it is sent again."),
            provider=situation.provider,
            when=ago(last.not_before),
        )
    else:
        sentence = format_html(
            _("PixelHub looks it up at {provider}: if it is there it is attached, if not it is sent again."),
            provider=situation.provider,
        )
    sentence = format_html("{} {}", error_sentence(situation.pixel), sentence)
    title = _("Checking whether it was created")
    return Banner("unknown", "search", title, (sentence,), is_alert=True, more=PROVIDER_MESSAGE)


def _error(situation: Situation) -> Banner:
    pixel = situation.pixel
    actions = []
    if not pixel.is_pending and situation.may[PixelAction.RETRY]:
        actions.append(situation.button(_("Retry"), "pixel_retry"))
    if not pixel.is_pending and situation.may[PixelAction.DISMISS]:
        actions.append(situation.button(_("Dismiss"), "pixel_dismiss", style="quiet"))
    return Banner(
        "needs" if pixel.is_pending else "failed",
        "alert-triangle",
        _what_failed(situation),
        tuple(sentence for sentence in _about_the_error(situation) if sentence),
        tuple(actions),
        is_alert=True,
        more="pixels/pixel_technical.html",
    )


def _what_failed(situation: Situation) -> str:
    pixel, kind = situation.pixel, situation.last and situation.last.kind
    if pixel.is_pending:
        title = "{reason}"
    elif kind == Operation.Kind.DELETE:
        title = _("Not deleted: {reason}")
    elif kind == Operation.Kind.UPDATE:
        title = _("Not changed: {reason}")
    elif pixel.lifecycle == Pixel.Lifecycle.FAILED:
        title = _("Not created: {reason}")
    else:
        title = "{reason}"
    return title.format(reason=error_sentence(pixel))


def _about_the_error(situation: Situation) -> tuple[str, ...]:
    """A sentence each: their words, advice, other values, the next try; empty where there is nothing to say."""
    pixel, last = situation.pixel, situation.last
    provider_message = other_values = next_try = ""
    if pixel.error_provider_message:
        provider_message = _("{provider}’s words: “{message}”").format(
            provider=situation.provider, message=pixel.error_provider_message
        )
    if situation.is_cut_off(PixelAction.RETRY):
        other_values = situation.may[PixelAction.RETRY].sentence
    elif pixel.lifecycle == Pixel.Lifecycle.FAILED and situation.membership.can_edit:
        sentence = _('Retry sends the same again. To send other values, <a href="{url}">make a new pixel</a>.')
        other_values = format_html(sentence, url=situation.new_pixel_url)
    if pixel.is_pending and last and last.not_before and not situation.blocker:
        next_try = format_html(_("Next try {when}."), when=ago(last.not_before))
    return provider_message, _advice(situation), other_values, next_try


def _advice(situation: Situation) -> str:
    pixel = situation.pixel
    # A pixel that was never created cannot be edited, so "change what it names" would lead nowhere.
    if pixel.lifecycle == Pixel.Lifecycle.FAILED and pixel.error_code == Rejected.code:
        return ""
    advice = error_advice(pixel)
    if not advice or pixel.error_code != BadCredentials.code or not situation.membership.can_manage:
        return advice
    link = _('<a href="{url}">Replace them</a>')
    url = situation.connection_url("connection_credentials")
    return format_html("{} {}", advice, format_html(link, url=url))


def _gone(situation: Situation) -> Banner | None:
    pixel = situation.pixel
    if pixel.lifecycle != Pixel.Lifecycle.LIVE or pixel.remote_status != Pixel.RemoteStatus.GONE:
        return None
    title = _("Deleted at {provider} outside PixelHub").format(provider=situation.provider)
    sentence = _(
        "{provider} was asked for it twice and does not have it any more: code that is on a website no longer counts. "
        "Archive it here, or make a new pixel."
    ).format(provider=situation.provider)
    return Banner("failed", "trash-x", title, (sentence,), is_alert=True)
