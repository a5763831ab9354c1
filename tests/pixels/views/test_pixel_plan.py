"""The checklist and the panel beside the form for new pixels, as presenters."""

import uuid

import pytest
from django.http import QueryDict

from pixels.forms.new_pixel import NewPixelForm
from pixels.providers.easyflow.client import Easyflow
from pixels.views.checklist import checklist
from pixels.views.pixel_plan import plan_panel


@pytest.fixture
def panel(team):
    """The panel after these events were ticked."""

    def make(connection, *events, name="Shoes"):
        data = QueryDict(mutable=True)
        data.update({"token": str(uuid.UUID(int=7)), "name": name, "connection": str(connection.pk)})
        data.setlist("events", events)
        return plan_panel(NewPixelForm(team, connection, data))

    return make


def events_of(connection, number):
    return [event.value for event in connection.provider_class.vocabulary[:number]]


def test_nothing_ticked_is_said_with_what_a_tick_makes(panel, xandr, easyflow):
    for connection, note in (
        (xandr, "Tick what happens on the website; each tick makes one pixel."),
        (easyflow, "Tick what happens on the website."),
    ):
        shown = panel(connection)
        assert (shown.title, shown.note, shown.button) == ("Nothing is ticked yet", note, "Create pixel")
        assert (shown.rows, shown.events) == ((), [])


def test_one_pixel_lists_its_events(panel, easyflow):
    shown = panel(easyflow, *events_of(easyflow, 2))
    assert (shown.title, shown.said, shown.button) == ("This creates 1 pixel", "This creates 1 pixel", "Create pixel")
    assert [event.value for event in shown.events] == events_of(easyflow, 2) and not shown.is_batch


def test_a_batch_has_a_row_for_each_pixel_with_its_name_and_code(panel, xandr):
    shown = panel(xandr, *events_of(xandr, 3))
    assert (shown.title, shown.button, shown.is_batch) == ("This creates 3 pixels", "Create 3 pixels", True)
    assert "At Xandr a pixel stands for one event." in shown.note
    event, row = xandr.provider_class.vocabulary[0], shown.rows[0]
    assert [field.name for field in row.fields] == [f"name-{event.value}", f"code-{event.value}"]
    assert [field.spoken for field in row.fields] == [f"{event.label} pixel", f"Code of the {event.label} pixel"]
    assert [field.is_code for field in row.fields] == [False, True]
    assert row.fields[0].value == row.default_name == f"Shoes – {event.label}"


def test_the_checklist_keeps_the_order_and_names_each_groups_buttons():
    shown = checklist(Easyflow, Easyflow.vocabulary, Easyflow.vocabulary[:1])
    assert [event for group in shown.groups for event, _ in group.rows] == list(Easyflow.vocabulary)
    assert [is_ticked for group in shown.groups for _, is_ticked in group.rows].count(True) == 1
    first = shown.groups[0]
    assert (first.all_spoken, first.none_spoken) == (f"All of {first.name}", f"None of {first.name}")
    assert shown.has_group_buttons and shown.input_type == "checkbox" and len(shown.presets) == len(Easyflow.presets)


def test_where_one_event_is_all_a_pixel_takes_there_is_nothing_to_tick_at_once():
    shown = checklist(Easyflow, Easyflow.vocabulary, (), one_only=True)
    assert (shown.input_type, shown.has_group_buttons, shown.presets) == ("radio", False, [])
