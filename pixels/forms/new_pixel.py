"""The form for new pixels: what every pixel has, the provider's own form, and the pixels that come of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from pixels import rules
from pixels.models import AdAccount, Connection, Website
from pixels.models.pixel import REFERENCE_PREFIX
from pixels.providers.base import Provider
from pixels.providers.values import ProviderEvent

from .choices import choice_of_rows
from .website import WebsiteForm


def usable_connections(team: Team) -> QuerySet[Connection]:
    rows = Connection.objects.for_team(team).filter(disconnected_at=None, paused_at=None)
    return rows.filter(Exists(AdAccount.objects.filter(connection=OuterRef("pk")))).prefetch_related("ad_accounts")


class ConnectionChoice(forms.ModelChoiceField):
    def label_from_instance(self, connection: Connection) -> str:
        return str(connection)


class DraftForm(forms.Form):
    """What every pixel has, whatever its provider."""

    connection = ConnectionChoice(label=_("Connection"), queryset=Connection.objects.none(), empty_label=None)
    ad_account = forms.ModelChoiceField(label=_("Ad account"), queryset=AdAccount.objects.none(), empty_label=None)
    name = rules.NameField()
    website = forms.ModelChoiceField(
        label=_("Website"), queryset=Website.objects.none(), required=False, empty_label=_("No website")
    )
    new_site = forms.CharField(label=_("New site"), max_length=100, required=False)
    new_site_url = forms.CharField(label=_("New site's address"), max_length=500, required=False)

    def __init__(self, team: Team, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        connections = choice_of_rows(self, "connection")
        connections.queryset = usable_connections(team)
        paused = Connection.objects.for_team(team).filter(disconnected_at=None, paused_at__isnull=False)
        paused = paused.prefetch_related("ad_accounts")
        if names := ", ".join(str(one) for one in paused):
            connections.help_text = gettext("Not here while paused: {names}.").format(names=names)
        choice_of_rows(self, "ad_account").queryset = connection.ad_accounts.all()
        choice_of_rows(self, "website").queryset = Website.objects.for_team(team).filter(archived_at=None)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.website_form = None
        if data.get("new_site") or data.get("new_site_url"):
            values = {"name": data.get("new_site"), "url": data.get("new_site_url")}
            self.website_form = WebsiteForm(values, instance=Website(team=self.team))
            if not self.website_form.is_valid() and not self._has_existing_website(self.website_form.cleaned_data):
                for own_field, website_field in (
                    ("new_site", "name"),
                    ("new_site_url", "url"),
                    ("new_site", "__all__"),
                ):
                    for error in self.website_form.errors.get(website_field, []):
                        self.add_error(own_field, error)
        return data

    def _has_existing_website(self, site: Mapping[str, str]) -> bool:
        """Whether the website exists already: somebody else, or the first half of a double click, has added it."""
        same = {"name__iexact": site.get("name", ""), "url": site.get("url", "")}
        return Website.objects.for_team(self.team).filter(archived_at=None, **same).exists()


@dataclass
class Row:
    """One pixel of a batch, as the plan shows it: its name and its own options, editable, with their errors."""

    provider_event: ProviderEvent
    id: uuid.UUID
    name: str
    default_name: str
    own: dict[str, str]
    errors: dict[str, list[str]] = field(default_factory=dict)


class NewPixelForm:
    """Draft, provider form and rows as one. `rows` is empty for a single pixel, whose name is taken as typed."""

    def __init__(
        self,
        team: Team,
        connection: Connection,
        data: QueryDict | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.team, self.connection, self.data = team, connection, data
        self.provider = connection.provider_class
        sent = uuid_or_none(data.get("token")) if data else None
        self.came_without_token = data is not None and sent is None
        self.token = sent or uuid.uuid4()
        accounts = list(connection.ad_accounts.all())
        start = {
            "connection": connection.pk,
            "ad_account": accounts[0].pk if accounts else None,
            "name": gettext("Pixel {number}").format(number=self.token.hex[:4]),
            **(initial or {}),
        }
        self.draft = DraftForm(team, connection, data, initial=start)
        marked = {self.provider.reference_option: self.reference()} if self.provider.reference_option else {}
        self.options = self.provider.pixel_form(data, initial={**marked, **(initial or {})})
        self.ticked = self._ticked()
        self.rows = self._rows()

    def pixel_id(self, provider_event: str | None = None) -> uuid.UUID:
        """Made from the token, so that a form that is sent twice names the same pixels. The team goes into it as well,
        so that a copied token cannot name another team's pixel."""
        key = f"{self.team.pk}/{provider_event}" if provider_event else f"{self.team.pk}"
        return uuid.uuid5(self.token, key)

    def possible_ids(self) -> list[uuid.UUID]:
        """Of every pixel this form could make: alone, or in a batch with any ticks."""
        return [self.pixel_id(), *(self.pixel_id(provider_event.value) for provider_event in self.provider.vocabulary)]

    def reference(self, provider_event: str | None = None) -> str:
        return f"{REFERENCE_PREFIX}{self.pixel_id(provider_event)}"

    @property
    def count(self) -> int:
        return len(self.rows) or 1

    @property
    def one_each(self) -> bool:
        return self.provider.can("one_event_per_pixel")

    @property
    def is_batch(self) -> bool:
        return bool(self.rows)

    def _ticked(self) -> list[ProviderEvent]:
        values = self.data.getlist("events") if self.data else self.options.get_initial_for_field(
            self.options.fields["events"], "events"
        ) or []  # fmt: skip
        return [provider_event for provider_event in self.provider.vocabulary if provider_event.value in values]

    def _rows(self) -> list[Row]:
        if not self.one_each or len(self.ticked) < 2:
            return []
        return [self._row(provider_event) for provider_event in self.ticked]

    def _row(self, provider_event: ProviderEvent) -> Row:
        """What was typed for this pixel, else the default. A default that nobody edited is made anew when the name
        changes."""
        posted = self.data or QueryDict()
        initial = self.draft.get_initial_for_field(self.draft.fields["name"], "name")
        name = str(posted.get("name", "") if self.data else initial)
        default = f"{name.strip()} – {provider_event.label}"
        typed = posted.get(f"name-{provider_event.value}")
        if typed is None or typed == posted.get(f"default-{provider_event.value}"):
            typed = default
        own = {option: self._own(option, provider_event) for option in self.options.per_pixel}
        return Row(provider_event, self.pixel_id(provider_event.value), typed.strip(), default, own)

    def _own(self, option: str, provider_event: ProviderEvent) -> str:
        typed = (self.data or QueryDict()).get(f"{option}-{provider_event.value}")
        if typed is not None:
            return typed.strip()
        return self.reference(provider_event.value) if option == self.provider.reference_option else ""

    def is_valid(self) -> bool:
        valid = self.draft.is_valid() & self.options.is_valid()
        if self.came_without_token:  # without it, sending twice could not be told from sending once
            self.draft.add_error(None, gettext("A part of this form was missing. Send it again."))
            return False
        if not valid:
            return False
        self._check()
        return not any(row.errors for row in self.rows) and self.draft.is_valid() and self.options.is_valid()

    def _check(self) -> None:
        """Put each error at its row in a batch, and at its field for a single pixel."""
        ad_account = self.draft.cleaned_data["ad_account"]
        found = rules.draft_errors(ad_account, self.drafts(), self.possible_ids())
        for row in self.rows:
            for error in found.get(row.id, ()):
                row.errors.setdefault(error.field, []).append(error.sentence)
        if not self.rows:
            for error in found.get(self.pixel_id(), ()):
                form = self.options if error.field in self.options.fields else self.draft
                form.add_error(error.field or None, error.sentence)

    def drafts(self) -> list[rules.Draft]:
        options, secrets = self.options.options(), self.options.secrets()
        if self.rows:
            return [
                rules.Draft(
                    id=row.id,
                    name=row.name,
                    events=(row.provider_event.value,),
                    options=options | _or_none(row.own),
                    secrets=secrets,
                )
                for row in self.rows
            ]
        return [
            rules.Draft(
                id=self.pixel_id(),
                name=self.draft.cleaned_data["name"],
                events=tuple(self.options.cleaned_data["events"]),
                options=options,
                secrets=secrets,
            )
        ]

    def with_new_token(self) -> NewPixelForm:
        """A copy with a new token; references that were made from the old token are replaced."""
        fresh = NewPixelForm(self.team, self.connection)
        old = {self.reference(): fresh.reference()}
        old |= {
            self.reference(provider_event.value): fresh.reference(provider_event.value)
            for provider_event in self.provider.vocabulary
        }
        data = (self.data or QueryDict()).copy()
        for key, values in data.lists():
            data.setlist(key, [old.get(str(value), value) for value in values])
        data["token"] = str(fresh.token)
        return NewPixelForm(self.team, self.connection, data)


def _or_none(values: Mapping[str, str]) -> dict[str, str | None]:
    return {key: value or None for key, value in values.items()}


def same_events(values: Iterable[str], before: type[Provider], now: type[Provider]) -> list[str]:
    """The ticks of one provider's checklist as ticks of another's: the provider events with the same catalogue event.

    A provider event that is only near to a catalogue event is left for people to tick.
    """
    if before is now:
        return list(values)
    kept = []
    for provider_event in map(before.provider_event, values):
        counterpart = (
            now.provider_event_for(provider_event.event)[0]
            if provider_event and provider_event.grade != "none"
            else None
        )
        if provider_event and counterpart and counterpart.event == provider_event.event:
            kept.append(counterpart.value)
    return kept


def uuid_or_none(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None
