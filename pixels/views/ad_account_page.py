"""The list from which people pick ad accounts, as its template lays it out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.translation import gettext

from pixels.forms.ad_account import SHOWN, PickForm, not_added
from pixels.models import AvailableAdAccount, Connection


@dataclass(frozen=True)
class PickList:
    """What the provider lists and the connection has not; with a search, what of it is found."""

    title: str
    read_at: datetime
    search: str
    rows: tuple[tuple[AvailableAdAccount, bool], ...]  # (ad account, whether it is ticked)
    note: str  # why there are no rows, or how many more there are
    errors: tuple[str, ...]


def pick_list(connection: Connection, form: PickForm, search: str, ticked: Collection[str]) -> PickList | None:
    """None where the provider's list has not been read."""
    if connection.ad_accounts_listed_at is None:
        return None
    found = not_added(connection, search)
    rows = tuple((one, one.remote_id in ticked) for one in found[:SHOWN])
    title = gettext("What these credentials reach at {provider}").format(provider=connection.provider_class.label)
    return PickList(
        title=title,
        read_at=connection.ad_accounts_listed_at,
        search=search,
        rows=rows,
        note=_rest(len(rows), found.count()) if rows else _nothing(search),
        errors=tuple(str(error) for error in form.errors.get("pick", ())),
    )


def _nothing(search: str) -> str:
    if not search:
        return gettext("All of them are on this connection already.")
    return format_html(gettext('Nothing there is called “{search}”. <a href="?">Show all</a>'), search=search)


def _rest(shown: int, total: int) -> str:
    if shown == total:
        return ""
    text = gettext("The first {shown} of {total}: search for the others.")
    return text.format(shown=shown, total=intcomma(total))
