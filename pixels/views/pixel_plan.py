"""What the form for new pixels would create, as the panel beside it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pixels.forms.new_pixel import NewPixelForm, Row
from pixels.providers.values import ProviderEvent


@dataclass(frozen=True)
class PlanField:
    """The name or an own option of one pixel of a batch, to be changed in the panel."""

    name: str
    value: str
    spoken: str
    is_code: bool
    is_wrong: bool


@dataclass(frozen=True)
class PlanRow:
    event: ProviderEvent
    default_name: str
    fields: tuple[PlanField, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True)
class PlanPanel:
    is_batch: bool
    title: str
    note: str
    rows: tuple[PlanRow, ...]  # of a batch
    events: Sequence[ProviderEvent]  # of a single pixel
    said: str  # for screen readers, whenever it changes
    button: str


def plan_panel(form: NewPixelForm) -> PlanPanel:
    said = ngettext("This creates {count} pixel", "This creates {count} pixels", form.count).format(count=form.count)
    title, note, button = said, "", _("Create pixel")
    if form.is_batch:
        note = _("At {provider} a pixel stands for one event. Names and codes can be changed here.")
        note = note.format(provider=form.provider.label)
        button = ngettext("Create {count} pixel", "Create {count} pixels", form.count).format(count=form.count)
    elif not form.ticked:
        title = _("Nothing is ticked yet")
        note = _("Tick what happens on the website.")
        if form.one_each:
            note = _("Tick what happens on the website; each tick makes one pixel.")
    return PlanPanel(
        is_batch=form.is_batch,
        title=title,
        note=note,
        rows=tuple(_row(form, row) for row in form.rows),
        events=() if form.is_batch else form.ticked,
        said=said,
        button=button,
    )


def _row(form: NewPixelForm, row: Row) -> PlanRow:
    event = row.provider_event
    name = PlanField(
        f"name-{event.value}", row.name, _("{event} pixel").format(event=event.label), False, "name" in row.errors
    )
    own = [
        PlanField(
            name=f"{option}-{event.value}",
            value=value,
            spoken=_("{option} of the {event} pixel").format(
                option=form.options.fields[option].label, event=event.label
            ),
            is_code=True,
            is_wrong=option in row.errors,
        )
        for option, value in row.own.items()
    ]
    errors = tuple(error for errors in row.errors.values() for error in errors)
    return PlanRow(event, row.default_name, (name, *own), errors)
