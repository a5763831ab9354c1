"""What the page of one connection says and offers, decided here: its templates only lay it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext, pgettext

from accounts.models import Membership
from pixelhub.components import Action, Banner
from pixelhub.templatetags.ui import ago
from pixels.messages import ad_accounts_sentence, connection_sentence, credential_hint, error_sentence
from pixels.models import AdAccount, AvailableAdAccount, Connection, Operation, SyncRun
from pixels.models.badge import Badge
from pixels.models.pixel import current
from pixels.providers.base import Provider
from pixels.services import connections as services
from pixels.templatetags.times import at, span

from .blockers import is_late, to_come
from .refresh import minutes_to

RUNS_SHOWN = 20
# Seconds between two refreshes: while work is under way, and while a provider is not reachable.
FOLLOW, LINGER = 1, 10
# An ad account is unlisted when the provider has a list and the account is not in it.
AVAILABLE = AvailableAdAccount.objects.filter(connection=OuterRef("connection"), remote_id=OuterRef("remote_id"))
UNLISTED = ExpressionWrapper(Q(connection__ad_accounts_listed_at__isnull=False) & ~Exists(AVAILABLE), BooleanField())


@dataclass(frozen=True)
class CredentialsCard:
    """The result of the last test, and what may be shown of the credentials."""

    badge: Badge
    sentence: str
    is_refusal: bool
    tested: str
    provider_message: str
    facts: tuple[tuple[str, str], ...]  # (label, value)
    replace: Action | None


@dataclass(frozen=True)
class AccountsCard:
    rows: tuple[AdAccount, ...]  # each with `is_unlisted`
    note: str  # why there are none, and what to do; empty where there are some
    is_note_quiet: bool  # nobody has to do anything
    pixels: str  # how many pixels there are; empty where that goes without saying
    pixels_url: str
    add: Action | None


@dataclass(frozen=True)
class RunRow:
    """A sync in the table of syncs."""

    asked_at: datetime
    scope: str
    badge: Badge
    sentence: str
    provider_message: str
    took: str
    waited: str
    read: int
    pages: str
    created: int
    updated: int
    unchanged: int
    not_in_list: int
    asked_by: str


@dataclass(frozen=True)
class SyncsCard:
    under_way: SyncRun | None
    progress: str
    wait: str  # what it waits for, and until when
    rows: tuple[RunRow, ...]
    note: str  # where there are no rows


@dataclass(frozen=True)
class ConnectionPage:
    state: str
    actions: tuple[Action, ...]
    warnings: tuple[Banner, ...]  # outside the part that refreshes itself
    disconnect: Action | None
    refresh_every: int | None  # seconds; None: nothing is under way
    standstill: Banner | None
    is_late: bool
    credentials: CredentialsCard
    accounts: AccountsCard
    stopped: Banner | None
    syncs: SyncsCard
    news: tuple[Any, ...]  # the facts that make the page read differently


class _Builder:
    """Builds the page of one connection for one member."""

    def __init__(self, connection: Connection, member: Membership) -> None:
        self.connection, self.member = connection, member
        self.provider: type[Provider] = connection.provider_class
        self.label = self.provider.label
        rows = connection.sync_runs.select_related("requested_by").defer("cursor", "seen_ids")
        self.runs = list(rows[:RUNS_SHOWN])
        self.under_way = next((run for run in self.runs if run.is_open), None)
        self.accounts = tuple(connection.ad_accounts.annotate(is_unlisted=UNLISTED))
        self.in_use = connection.disconnected_at is None
        self.may_manage = member.can_manage and self.in_use
        self.can_test = self.provider.can("check_credentials")
        # Where nothing can test the credentials, other ones are the way out of a pause: its banner offers that.
        self.replace_in_banner = bool(not self.can_test and connection.paused_at and self.in_use)
        self.next_try = to_come(connection.circuit_open_until)
        self.resumes = to_come(self.under_way.not_before) if self.under_way else None
        self.is_late = is_late(connection, self.under_way)
        is_held_up = connection.paused_at or connection.is_down
        open_work = Operation.objects.open().filter(pixel__connection=connection)
        self.waiting = open_work.count() if is_held_up else 0

    def page(self) -> ConnectionPage:
        connection = self.connection
        follow = self.under_way or connection.is_being_tested or (not self.accounts and connection.awaits_ad_accounts)
        state = (
            gettext("Nothing done here reaches {provider}") if connection.is_sandbox else gettext("Live at {provider}")
        )
        disconnect = self._link(gettext("Disconnect"), "connection_disconnect", style="danger", is_small=False)
        return ConnectionPage(
            state=state.format(provider=self.label),
            actions=self._head_actions(),
            warnings=tuple(self._sharing(other) for other in services.sharing(connection)) if self.in_use else (),
            disconnect=disconnect if self.may_manage else None,
            refresh_every=FOLLOW if follow else LINGER if connection.is_down else None,
            standstill=self._standstill(),
            is_late=self.is_late,
            credentials=self._credentials(),
            accounts=self._accounts(),
            stopped=self._stopped(),
            syncs=self._syncs(),
            news=self._news(),
        )

    def _url(self, view: str, *more: Any) -> str:
        return reverse(view, args=[self.connection.team.slug, self.connection.pk, *more])

    def _link(self, label: str, view: str, **looks: Any) -> Action:
        return Action(label, self._url(view), is_link=True, **looks)

    def _head_actions(self) -> tuple[Action, ...]:
        found = []
        if self.member.can_edit and self.connection.can_sync and self.accounts:
            found.append(Action(gettext("Sync now"), self._url("connection_sync"), icon="refresh", is_small=False))
        if self.may_manage and self.can_test:
            found.append(
                Action(gettext("Test connection"), self._url("connection_test"), style="primary", is_small=False)
            )
        return tuple(found)

    def _sharing(self, other: Connection) -> Banner:
        sentence = gettext(
            '<a href="{url}">{connection}</a>, added {when}, has an ad account of this one too: '
            "its pixels are listed under both. Disconnect the one you don’t need."
        )
        url = reverse("connection", args=[other.team.slug, other.pk])
        text = format_html(sentence, url=url, connection=other, when=ago(other.created_at))
        return Banner("needs", "alert-triangle", gettext("Two connections to one ad account"), (text,))

    # -- Why it stands still ------------------------------------------------------------------------------------------

    def _standstill(self) -> Banner | None:
        connection = self.connection
        if connection.paused_at and self.in_use:
            title = format_html(gettext("Paused {when}"), when=ago(connection.paused_at))
            sentence, icon = f"{self._why_paused()} {self._nothing_sent()}", "player-pause"
        elif connection.is_down and connection.down_since:
            title = format_html(gettext("Not reachable since {when}"), when=at(connection.down_since))
            sentence, icon = self._when_tried(), "plug-x"
        else:
            return None
        actions = self._ways_out()
        return Banner("needs", icon, title, (sentence,), actions, is_alert=True)

    def _ways_out(self) -> tuple[Action, ...]:
        if self.may_manage and self.can_test and not self.connection.is_being_tested:
            return (Action(gettext("Test and resume"), self._url("connection_test")),)
        if self.may_manage and self.replace_in_banner:
            return (self._link(gettext("Replace credentials"), "connection_credentials"),)
        return ()

    def _why_paused(self) -> str:
        if self.connection.is_being_tested:
            return gettext("These credentials are being tested.")
        if self.connection.test == Connection.Test.REFUSED:
            return gettext("Refused: {sentence}").format(sentence=connection_sentence(self.connection))
        return connection_sentence(self.connection)

    def _nothing_sent(self) -> str:
        if not self.waiting:
            return gettext("Nothing is sent meanwhile.")
        return ngettext(
            "Nothing is sent meanwhile; {count} change waits.",
            "Nothing is sent meanwhile; {count} changes wait.",
            self.waiting,
        ).format(count=intcomma(self.waiting))

    def _when_tried(self) -> str:
        next_try = ago(self.next_try) if self.next_try else gettext("in a moment")
        sentence = gettext("{provider} does not answer. Next try {when}; it goes on by itself, and nothing is lost.")
        text = format_html(sentence, provider=self.label, when=next_try)
        if not self.waiting:
            return text
        waits = ngettext("{count} change waits.", "{count} changes wait.", self.waiting)
        return format_html("{} {}", text, waits.format(count=intcomma(self.waiting)))

    # -- Credentials --------------------------------------------------------------------------------------------------

    def _credentials(self) -> CredentialsCard:
        connection = self.connection
        sentence, is_refusal = connection_sentence(connection), connection.test == Connection.Test.REFUSED
        if connection.paused_at:
            sentence, is_refusal = "", False  # the banner says why
        elif is_refusal:
            sentence = gettext("Refused: {sentence}").format(sentence=sentence)
        elif not sentence and connection.test == Connection.Test.WORKS:
            sentence = gettext("{provider} accepted these credentials").format(provider=self.label)
        tested = ""
        if connection.tested_at and connection.test != Connection.Test.TESTING:
            tested = gettext("Last tested {when}") if connection.paused_at else "{when}"
            tested = format_html(tested, when=ago(connection.tested_at))
        may_replace = self.member.can_manage and not self.replace_in_banner
        return CredentialsCard(
            badge=connection.badge,
            sentence=sentence,
            is_refusal=is_refusal,
            tested=tested,
            provider_message=connection.test_provider_message,
            facts=self._facts(),
            replace=self._link(gettext("Replace credentials"), "connection_credentials") if may_replace else None,
        )

    def _facts(self) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        credential = getattr(self.connection, "credential", None)
        if credential:
            for name, hint in credential.hints.items():
                field = self.provider.connection_form.base_fields.get(name)
                choices = dict(getattr(field, "choices", None) or [])
                told = credential_hint(hint)
                found.append((str(field.label) if field else name, str(choices.get(told, told))))
            who = credential.set_by or gettext("someone who left")
            text = format_html(gettext("{when} by {person}"), when=ago(credential.set_at), person=who)
            found.append((pgettext("credentials", "Set"), text))
        if self.connection.disconnected_at:
            found.append((gettext("Disconnected"), ago(self.connection.disconnected_at)))
        return tuple(found)

    # -- Ad accounts --------------------------------------------------------------------------------------------------

    def _accounts(self) -> AccountsCard:
        count = self.connection.pixels.filter(current()).count()
        pixels = ngettext("{count} pixel", "{count} pixels", count).format(count=intcomma(count))
        add = self._link(gettext("Add ad account"), "ad_account_new", icon="plus")
        return AccountsCard(
            rows=self.accounts,
            note="" if self.accounts else self._no_accounts(),
            is_note_quiet=not (self.connection.ad_accounts_listed_at or self.connection.ad_accounts_error),
            pixels=pixels if self.accounts or count else "",
            pixels_url=f"{reverse('pixel_list', args=[self.connection.team.slug])}?connection={self.connection.pk}",
            add=add if self.may_manage else None,
        )

    def _no_accounts(self) -> str:
        connection, url = self.connection, self._url("ad_account_new")
        if connection.ad_accounts_listed_at and self.member.can_manage:
            sentence = gettext('Pick where your pixels live: <a href="{url}">{count} to choose from</a>.')
            return format_html(sentence, url=url, count=intcomma(connection.available_ad_accounts.count()))
        if connection.ad_accounts_listed_at:
            return gettext("None is picked yet; an owner or admin of this team can do that.")
        if connection.ad_accounts_error:
            sentence = gettext("{provider}’s list could not be read: {reason}")
            if self.member.can_manage:
                way_out = gettext('Test the connection again, or <a href="{url}">type an id</a>.')
                sentence = f"{sentence} {way_out}"
            return format_html(sentence, provider=self.label, reason=ad_accounts_sentence(connection), url=url)
        if connection.awaits_ad_accounts:
            return gettext("Reading {provider}’s list…").format(provider=self.label)
        return gettext("{provider} lists them here once the credentials work.").format(provider=self.label)

    # -- Syncs --------------------------------------------------------------------------------------------------------

    def _stopped(self) -> Banner | None:
        run = self.runs[0] if self.runs else None
        if run is None or run.state != SyncRun.State.STOPPED:
            return None
        sentence = gettext(
            "{sentence} If a list is cut short or another account answers, it looks just like this: "
            "look at {provider} first."
        ).format(sentence=error_sentence(run), provider=self.label)
        sentences = [sentence]
        if run.error_provider_message:
            sentences.append(gettext("Among them: {names}").format(names=run.error_provider_message))
        actions: tuple[Action, ...] = ()
        if self.member.can_edit and self.connection.can_sync:
            actions = (Action(gettext("They are gone"), self._url("connection_gone", run.pk)),)
        return Banner("needs", "alert-triangle", gettext("Sync stopped"), tuple(sentences), actions, is_alert=True)

    def _syncs(self) -> SyncsCard:
        never = gettext("Not synced yet. A sync reads every pixel at {provider}, also those made elsewhere.")
        return SyncsCard(
            under_way=self.under_way,
            progress=self._progress(),
            wait=self._wait(),
            rows=tuple(_row(run) for run in self.runs),
            note=str(self.provider.missing.get("list", "")) or never.format(provider=self.label),
        )

    def _progress(self) -> str:
        run = self.under_way
        if run is None:
            return ""
        if run.total:
            return gettext("{seen} of {total} pixels read").format(seen=intcomma(run.seen), total=intcomma(run.total))
        return gettext("{seen} pixels read").format(seen=intcomma(run.seen))

    def _wait(self) -> str:
        run = self.under_way
        if run is None or not run.is_waiting:
            return ""
        resumes: str = gettext("Resumes in a moment.")
        if self.resumes:
            resumes = format_html(gettext("Resumes {when} ({time})."), when=ago(self.resumes), time=at(self.resumes))
        provider_message = f" “{run.error_provider_message}”" if run.error_provider_message else ""
        return format_html("{} {}{}", error_sentence(run), resumes, provider_message)

    def _news(self) -> tuple[Any, ...]:
        connection = self.connection
        return (
            connection.test,
            connection.tested_at,
            connection.paused_at,
            connection.down_since,
            connection.ad_accounts_listed_at,
            connection.ad_accounts_error,
            self.waiting,
            self.is_late,
            self.next_try,
            self.resumes,
            minutes_to(self.next_try),
            minutes_to(self.resumes),
            *(
                (run.pk, run.state, run.total, run.waits, run.seen, run.pages, run.created, run.updated)
                for run in self.runs
            ),
        )


def _row(run: SyncRun) -> RunRow:
    says_why = bool(run.error_message) and not run.is_waiting
    return RunRow(
        asked_at=run.created_at,
        scope=gettext("Full list") if run.full else gettext("Changes only"),
        badge=run.badge,
        sentence=error_sentence(run) if says_why else "",
        provider_message=run.error_provider_message if says_why and run.state != SyncRun.State.STOPPED else "",
        took=span(run.took),
        waited=_waited(run) if run.waits and not run.is_waiting else "",
        read=run.seen,
        pages=ngettext("{count} page", "{count} pages", run.pages).format(count=intcomma(run.pages)),
        created=run.created,
        updated=run.updated,
        unchanged=run.unchanged,
        not_in_list=run.missing + run.lacking,
        asked_by=str(run.requested_by or "PixelHub"),
    )


def _waited(run: SyncRun) -> str:
    length = span(run.waited)
    if run.waits == 1:
        return gettext("waited {length}").format(length=length)
    return gettext("waited {count} times, {length}").format(count=intcomma(run.waits), length=length)


def connection_page(connection: Connection, member: Membership) -> ConnectionPage:
    return _Builder(connection, member).page()
