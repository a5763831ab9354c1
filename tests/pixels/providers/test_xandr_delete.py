"""A delete that Xandr refuses: which line items stand in the way."""

from collections.abc import Callable
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, Forbidden, Rejected
from tests.pixels.providers.conftest import ACCOUNT, SESSION
from tests.pixels.providers.loopback import Behaviour, Loopback, hangs_up, says
from tests.pixels.providers.xandr_answers import failing, paths, pixel
from tests.pixels.said import advised, said

IN_USE = failing("INTEGRITY", error="Pixel is used by one or more line items")


def using(*line_items: Any) -> Behaviour:
    return says({"response": {"status": "OK", "count": 1, "pixel": pixel(17, line_items=list(line_items) or None)}})


def item(number: Any, name: str = "Line Item", state: str = "active") -> dict[str, Any]:
    return {"id": number, "name": name, "state": state}


def refused(provider: Provider) -> Rejected:
    with pytest.raises(Rejected) as caught:
        provider.delete_pixel(ACCOUNT, "17")
    assert type(caught.value) is Rejected
    return caught.value


def test_the_line_items_that_block_are_named(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [IN_USE, using(item(382), item("383", "Shoes", "inactive"))]
    error = refused(connect("xandr"))
    assert said(error) == "Xandr refused to delete this pixel: 2 line items use it."
    assert advised(error) == (
        "At Xandr, remove the pixel from Line Item 382 “Line Item” (active), Line Item 383 “Shoes” (inactive); "
        "then delete it again."
    )
    assert error.provider_message == "Pixel is used by one or more line items"
    assert not error.retryable
    assert not error.maybe_done
    assert paths(loopback) == ["DELETE /pixel", "GET /pixel"]
    assert loopback.received[1].query == {"advertiser_id": "2", "id": "17"}


def test_names_and_states_that_the_pixel_leaves_out_are_looked_up(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    asked = says({"response": {"status": "OK", "line-items": [item(383, "Hats"), item(384, "Coats", "inactive")]}})
    loopback.script = [IN_USE, using(item(382), {"id": "383"}, {"id": 384, "name": "Coats"}), asked]
    assert advised(refused(connect("xandr"))) == (
        "At Xandr, remove the pixel from Line Item 382 “Line Item” (active), Line Item 383 “Hats” (active), "
        "Line Item 384 “Coats” (inactive); then delete it again."
    )
    assert paths(loopback) == ["DELETE /pixel", "GET /pixel", "GET /line-item"]
    assert loopback.received[2].query == {"advertiser_id": "2", "id": "383,384"}


def test_one_line_item_may_come_in_the_singular(connect: Callable[..., Provider], loopback: Loopback) -> None:
    asked = says(
        {"response": {"status": "OK", "line-item": item(382, "Hats"), "dbg_info": {"output_term": "line-item"}}}
    )
    loopback.script = [IN_USE, using({"id": "382"}), asked]
    error = refused(connect("xandr"))
    assert said(error) == "Xandr refused to delete this pixel: 1 line item uses it."
    assert "Line Item 382 “Hats” (active)" in advised(error)


def test_five_are_named_and_the_rest_is_counted(connect: Callable[..., Provider], loopback: Loopback) -> None:
    long = [item(10**18 + number, "An endless name of a line item " * 9, "inactive" * 9) for number in range(20)]
    loopback.script = [IN_USE, using(*long)]
    error = refused(connect("xandr"))
    assert advised(error).count("Line Item") == 5
    assert advised(error).endswith(" and 15 more; then delete it again.")
    assert len(advised(error)) <= 500
    assert len(error.provider_message) <= 200


@pytest.mark.parametrize(
    "look_up",
    [
        failing("SYSTEM"),
        failing("UNAUTH"),
        failing("NOAUTH_EXPIRED", 401),
        failing("SYNTAX", error="resource not found"),
        IN_USE,
        hangs_up,
        says("<h1>502</h1>", 502),
        says("", 429),
        says({"response": {"status": "OK", "count": 1}}),
        using(),
        using("odd", {"name": "no id"}, 7, None),
        says({"response": {"status": "OK", "pixel": pixel(17, line_items="odd")}}),
    ],
)
def test_a_look_up_that_fails_does_not_hide_the_refusal(
    look_up: Behaviour, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [IN_USE, look_up]
    error = refused(connect("xandr"))
    assert said(error) == "Xandr refused to delete this pixel."
    assert error.provider_message == "Pixel is used by one or more line items"
    assert paths(loopback) == ["DELETE /pixel", "GET /pixel"]


def test_line_items_that_cannot_be_looked_up_are_named_by_their_numbers(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [IN_USE, using({"id": "382"}, {"id": 383, "name": ["odd"], "state": 7}), failing("UNAUTH")]
    assert "from Line Item 382, Line Item 383; then" in advised(refused(connect("xandr")))


def test_names_are_scrubbed(connect: Callable[..., Provider], loopback: Loopback) -> None:
    name = '<b>a</b> https://elsewhere.example/x planted "password" 4c'
    loopback.script = [IN_USE, using(item(382, name))]
    advice = advised(refused(connect("xandr")))
    assert "Line Item 382 “a … •••” (active)" in advice
    assert SESSION.reveal() not in advice


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(failing("UNAUTH"), Forbidden), (failing("SYSTEM"), BadAnswer)],
)
def test_only_a_refused_delete_asks_for_line_items(
    answer: Behaviour, expected: type[Exception], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [answer]
    with pytest.raises(expected):
        connect("xandr").delete_pixel(ACCOUNT, "17")
    assert paths(loopback) == ["DELETE /pixel"]


def test_a_refusal_by_another_name_is_looked_into_as_well(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [failing("SYNTAX"), using(item(382, "Spring"))]
    assert "Line Item 382 “Spring”" in advised(refused(connect("xandr")))
