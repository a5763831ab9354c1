"""What the page of one pixel says and offers, decided here: its templates only lay it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import apnumber
from django.db.models import Q
from django.forms import Form
from django.template.defaultfilters import capfirst
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership
from pixelhub.components import Action, Banner, CodeBlock
from pixelhub.templatetags.ui import ago
from pixels import snippets
from pixels.actions import Action as PixelAction
from pixels.actions import Decision, allowed, has_unconfirmed_id, last_operation
from pixels.models import Operation, Pixel, Website
from pixels.models.badge import Badge
from pixels.models.operation import fingerprint
from pixels.providers.values import Capability, ProviderEvent

from .blockers import blocker_of
from .pixel_banners import Situation, banners
from .pixel_facts import Difference, differences, facts, ignored
from .refresh import minutes_to

# Time between two refreshes of a pixel under way, by its age: short at first, long while it waits for a provider.
FOLLOW = ((timedelta(seconds=10), "300ms"), (timedelta(minutes=1), "1s"))
LINGER = "10s"
# What a provider may be able to do to a pixel that exists.
CHANGES: tuple[Capability, ...] = ("update", "activate", "delete")


@dataclass(frozen=True)
class DifferenceRow:
    """A field that differs. `is_ours_new` and `is_theirs_new`: that side has changed since both agreed."""

    label: str
    badge: Badge
    base: str
    local: str
    remote: str
    is_ours_new: bool
    is_theirs_new: bool
    actions: tuple[Action, ...]
    note: str


@dataclass(frozen=True)
class DifferencesCard:
    title: str
    note: str
    actions: tuple[Action, ...]  # about all rows at once
    rows: tuple[DifferenceRow, ...]


@dataclass(frozen=True)
class StatusCard:
    badge: Badge
    progress: str  # what goes on beside the badge; empty where nothing does
    actions: tuple[Action, ...]
    at_provider: str
    last_fired: str  # empty where the provider does not tell
    ignored: tuple[tuple[str, Action | None], ...]  # (difference as a sentence, button that ends the ignoring)
    reasons: str  # why changes are not offered


@dataclass(frozen=True)
class CodeCard:
    blocks: tuple[CodeBlock, ...]
    warning: Banner | None
    values_title: str
    values_form: Form | None  # what the code needs beyond the pixel
    note: str  # why there is no code; empty where there is some


@dataclass(frozen=True)
class DetailsCard:
    events: Sequence[ProviderEvent]
    facts: Sequence[tuple[str, str]]  # (label, value)
    created: str
    websites: tuple[tuple[int, str, bool], ...]  # (id, name, is the pixel's); empty for those who may not choose
    website: str


@dataclass(frozen=True)
class PixelPage:
    refresh_every: str | None  # None: nothing is under way
    is_late: bool
    banners: tuple[Banner, ...]
    unconfirmed_id: str  # what is to know about an id that somebody typed; empty where the provider confirmed it
    may: Mapping[PixelAction, Decision]
    at_provider_label: str
    differences: DifferencesCard | None
    status: StatusCard
    code: CodeCard
    details: DetailsCard
    news: tuple[Any, ...]  # the facts that make the page read differently


def pixel_page(pixel: Pixel, membership: Membership) -> PixelPage:
    return _Builder(pixel, membership).page()


def both_sides(pixel: Pixel) -> str:
    """A fingerprint of the values that a person decides about."""
    return fingerprint({"local": pixel.local_values, "remote": pixel.remote_values})


class _Builder:
    """Builds the page of one pixel for one member."""

    def __init__(self, pixel: Pixel, membership: Membership) -> None:
        self.pixel, self.membership = pixel, membership
        self.provider = pixel.provider_class
        self.last = last_operation(pixel)
        self.blocker = blocker_of(pixel, self.last)
        self.may = allowed(pixel, self.last, membership)
        self.situation = Situation(pixel, membership, self.last, self.blocker, self.may)
        self.issued = snippets.shown(pixel)
        self.is_live = pixel.lifecycle == Pixel.Lifecycle.LIVE
        is_fetching = self.is_live and pixel.remote_values is None and self.provider.can("read")
        is_under_way = pixel.is_pending and not pixel.is_blocked
        self.is_busy = is_under_way or (is_fetching and pixel.connection.is_usable)

    def page(self) -> PixelPage:
        return PixelPage(
            refresh_every=self._every() if self.is_busy else None,
            is_late=self.blocker is not None and self.blocker.reason == "late",
            banners=banners(self.situation),
            unconfirmed_id=self._unconfirmed_id(),
            may=self.may,
            at_provider_label=self._say(_("At {provider}")),
            differences=self._differences(),
            status=self._status(),
            code=self._code(),
            details=self._details(),
            news=self._news(),
        )

    def _say(self, sentence: str, **values: Any) -> str:
        return sentence.format(provider=self.provider.label, **values)

    def _every(self) -> str:
        age = timezone.now() - self.pixel.updated_at
        return next((every for younger, every in FOLLOW if age < younger), LINGER)

    def _unconfirmed_id(self) -> str:
        if not has_unconfirmed_id(self.pixel):
            return ""
        if self.pixel.connection.can_sync:
            return self._say(_("{provider} has not confirmed it yet; the next sync does"))
        return self._say(_("{provider} has not confirmed it"))

    def _news(self) -> tuple[Any, ...]:
        pixel, last, blocker = self.pixel, self.last, self.blocker
        seen = (pixel.lifecycle, pixel.remote_status, pixel.updated_at, pixel.checked_at, self.issued)
        state = last and (last.state, last.error_code, last.not_before, minutes_to(last.not_before))
        return (*seen, state, blocker, blocker and minutes_to(blocker.until))

    # -- What differs -------------------------------------------------------------------------------------------------

    def _differences(self) -> DifferencesCard | None:
        found = [] if self.pixel.remote_status == Pixel.RemoteStatus.GONE else differences(self.pixel)
        if not found:
            return None
        restorable = [one for one in found if self.may[PixelAction.RESTORE_OURS] and not one.cannot_restore]
        actions = []
        if self.may[PixelAction.ADOPT_THEIRS] and len(found) > 1:
            actions.append(self._decision(_("Adopt all of theirs"), "adopt", found))
            if len(restorable) > 1:
                label = _("Restore all of ours") if restorable == found else _("Restore ours where possible")
                actions.append(self._decision(label, "restore", restorable))
        return DifferencesCard(
            title=self._say(_("Differs at {provider}")),
            note=self._about_deciding() if self.may[PixelAction.ADOPT_THEIRS] else "",
            actions=tuple(actions),
            rows=tuple(self._difference(one) for one in found),
        )

    def _about_deciding(self) -> str:
        cannot_update = self.provider.missing.get("update")
        if cannot_update:
            return f"{cannot_update} {_('Take theirs, or ignore the difference here.')}"
        if self.may[PixelAction.RESTORE_OURS]:
            return _("Adopting takes their value here; restoring sends ours again.")
        return _("Adopting takes their value here.")

    def _difference(self, one: Difference) -> DifferenceRow:
        return DifferenceRow(
            label=one.label,
            badge=one.badge,
            base=one.base,
            local=one.local,
            remote=one.remote,
            is_ours_new=one.moved != "remote",
            is_theirs_new=one.moved != "local",
            actions=self._ways_to_decide(one) if self.may[PixelAction.ADOPT_THEIRS] else (),
            note=one.cannot_restore if self.may[PixelAction.RESTORE_OURS] else "",
        )

    def _ways_to_decide(self, one: Difference) -> tuple[Action, ...]:
        """The likely one stands out: to take the value of the side that has changed."""
        adopt_style = "likely" if one.moved == "remote" else "secondary"
        restore_style = "likely" if one.moved == "local" else "secondary"
        adopt, restore, ignore = _("Adopt theirs"), _("Restore ours"), _("Ignore this field here")
        spoken = [
            _("Adopt theirs for {field}").format(field=one.label),
            _("Restore ours for {field}").format(field=one.label),
            _("Ignore this field here ({field})").format(field=one.label),
        ]
        found = [self._decision(adopt, "adopt", [one], style=adopt_style, spoken=spoken[0])]
        if self.may[PixelAction.RESTORE_OURS] and not one.cannot_restore:
            found.append(self._decision(restore, "restore", [one], style=restore_style, spoken=spoken[1]))
        found.append(self._decision(ignore, "ignore", [one], style="quiet", spoken=spoken[2]))
        return tuple(found)

    def _decision(self, label: str, value: str, about: Sequence[Difference], **looks: Any) -> Action:
        """What is decided holds for the values on the screen only, so their fingerprint goes with it."""
        fields = (("shown", both_sides(self.pixel)), *(("field", one.name) for one in about))
        return self.situation.button(label, "pixel_drift", name="action", value=value, fields=fields, **looks)

    # -- Status -------------------------------------------------------------------------------------------------------

    def _status(self) -> StatusCard:
        pixel = self.pixel
        seen = pixel.get_remote_status_display().lower()
        return StatusCard(
            badge=pixel.badge,
            progress=self._progress(),
            actions=self._changes(),
            at_provider=f"{pixel.remote_state}, {seen}" if pixel.remote_state else seen,
            last_fired=self._last_fired(),
            ignored=tuple(self._ignored(one) for one in ignored(pixel)),
            reasons=self._reasons() if self.membership.can_edit else "",
        )

    def _changes(self) -> tuple[Action, ...]:
        button, may = self.situation.button, self.may
        offered = {
            PixelAction.EDIT: button(_("Edit"), "pixel_edit", is_link=True),
            PixelAction.ACTIVATE: button(_("Activate"), "pixel_state", name="state", value="active"),
            PixelAction.DEACTIVATE: button(_("Deactivate"), "pixel_state", name="state", value="inactive"),
            PixelAction.CANCEL: button(_("Cancel"), "pixel_cancel", style="quiet"),
            PixelAction.ARCHIVE: button(_("Archive"), "pixel_archive", style="quiet"),
            PixelAction.DELETE: button(_("Delete"), "pixel_delete", style="quiet", is_link=True),
        }
        if self.pixel.lifecycle == Pixel.Lifecycle.DRAFT:
            del offered[PixelAction.ARCHIVE]  # its banner offers that
        return tuple(action for name, action in offered.items() if may[name])

    def _reasons(self) -> str:
        """Why changes are not offered: what the provider cannot do at all, and a connection that is not in use now."""
        found = [str(self.provider.missing[name]) for name in CHANGES if name in self.provider.missing]
        found += [
            self.may[name].sentence
            for name in (PixelAction.EDIT, PixelAction.DELETE)
            if self.situation.is_cut_off(name)
        ]
        return " ".join(dict.fromkeys(found))

    def _progress(self) -> str:
        last = self.last
        if not self.is_busy:
            return ""
        if self.is_live:
            return _("Live, snippet being fetched")
        if last and last.kind == Operation.Kind.UPDATE and last.payload and self.pixel.is_pending:
            sentence = _("To be sent: {fields}") if self.blocker else _("Sending: {fields}")
            return sentence.format(fields=", ".join(last.payload))
        return _("This page refreshes itself")

    def _last_fired(self) -> str:
        pixel = self.pixel
        asked_at: datetime | None = pixel.ad_account.last_fired_report_seen_at
        if not self.provider.can("last_fired") or not pixel.last_fired_report_seen_at or not asked_at:
            return ""
        return format_html(
            _('{when} <span class="muted">by {provider}’s report, asked {asked_when}</span>'),
            when=ago(pixel.last_fired_at),
            provider=self.provider.label,
            asked_when=ago(asked_at),
        )

    def _ignored(self, one: Difference) -> tuple[str, Action | None]:
        sentence = self._say(
            _("Ignored here: {field} ({local} here, {remote} at {provider})"),
            field=one.label,
            local=one.local,
            remote=one.remote,
        )
        watch = self.situation.button(
            _("Watch again"),
            "pixel_drift",
            style="quiet",
            spoken=_("Watch again ({field})").format(field=one.label),
            name="action",
            value="watch",
            fields=(("field", one.name),),
        )
        return sentence, watch if self.may[PixelAction.WATCH_AGAIN] else None

    # -- Code ---------------------------------------------------------------------------------------------------------

    def _code(self) -> CodeCard:
        tag_form = self.provider.tag_form
        to_fill_in = sum(one.tag.to_fill_in for one in self.issued)
        title = _("Values in the code")
        if to_fill_in:
            title = ngettext("{count} value to fill in", "{count} values to fill in", to_fill_in)
            title = title.format(count=capfirst(str(apnumber(to_fill_in))))
        return CodeCard(
            blocks=tuple(self._code_block(one) for one in self.issued),
            warning=self._code_warning(),
            values_title=title,
            values_form=tag_form(initial=self.pixel.tag_values) if tag_form and self.issued else None,
            note="" if self.issued else self._no_code(),
        )

    def _code_block(self, one: snippets.Issued) -> CodeBlock:
        return CodeBlock(
            id=f"snippet-{one.tag.slug}",
            title=one.tag.title,
            code=one.snippet.body,
            place=one.tag.where,
            copy_label=one.tag.copy_label,
            warnings=tuple(one.tag.warnings),
            badge=_("Sandbox") if self.pixel.connection.is_sandbox else "",
            fingerprint=one.snippet.fingerprint[:12],
            issued_at=one.snippet.issued_at,
        )

    def _code_warning(self) -> Banner | None:
        if not self.issued or self.pixel.remote_status not in (Pixel.RemoteStatus.ABSENT, Pixel.RemoteStatus.GONE):
            return None
        sentence = _("{provider} did not list this pixel when it was last asked: the code may no longer count.")
        if self.pixel.remote_status == Pixel.RemoteStatus.GONE:
            sentence = _("{provider} does not hold this pixel any more: the code no longer counts.")
        return Banner("needs", "alert-triangle", sentences=(self._say(sentence),))

    def _no_code(self) -> str:
        if self.pixel.lifecycle == Pixel.Lifecycle.DELETED:
            return ""
        if self.pixel.remote_id:
            return self._say(_("{provider} has not handed out the code yet."))
        return self._say(_("There is no code yet: it comes with the pixel’s id at {provider}."))

    # -- Details ------------------------------------------------------------------------------------------------------

    def _details(self) -> DetailsCard:
        pixel = self.pixel
        websites = Website.objects.for_team(pixel.team).filter(Q(archived_at=None) | Q(pk=pixel.website_id))
        if not self.may[PixelAction.MOVE]:
            websites = websites.none()
        if pixel.created_by:
            created = format_html(_("{when} by {person}"), when=ago(pixel.created_at), person=pixel.created_by)
        else:
            sentence = _("{when} at {provider}, found by a sync")
            created = format_html(sentence, when=ago(pixel.created_at), provider=self.provider.label)
        return DetailsCard(
            events=pixel.provider_events,
            facts=facts(pixel),
            created=created,
            websites=tuple((one.pk, str(one), one.pk == pixel.website_id) for one in websites),
            website=str(pixel.website or _("none")),
        )
