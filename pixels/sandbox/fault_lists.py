"""What the faults do with lists. Where each API has its rows, total and pages is given here as data."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import easyflow, members, pitchtarget, xandr
from .fault_call import Call, read_answer, with_json
from .wire import Response

PAGED = (easyflow.SLUG, xandr.SLUG)


@dataclass(frozen=True, kw_only=True)
class Shape:
    account: str  # the name of the account in the query, and in a row if rows hold it
    accounts: tuple[str, ...]
    rows: tuple[str, ...] = ()  # the path to them in the answer, or to the object in which they are the only list
    total: tuple[str, ...] = ()
    page: tuple[str, ...] = ()  # where the answer holds its page number
    page_parameter: str = ""
    first_page: str = ""
    also_account: tuple[str, ...] = ()  # other parameters that name an account


SHAPES = {
    # inferred, as the whole list is: no answer of it is published
    easyflow.SLUG: Shape(
        account="ownerId",
        accounts=tuple(members.EASYFLOW_OWNERS),
        rows=("data", "docs"),
        total=("data", "totalDocs"),
        page=("data", "currentPage"),
        page_parameter="page",
        first_page="1",
    ),
    pitchtarget.SLUG: Shape(account="fb_ad_account_id", accounts=tuple(members.PITCHTARGET_AD_ACCOUNTS)),
    xandr.SLUG: Shape(
        account="advertiser_id",
        accounts=tuple(str(number) for number in members.XANDR_ADVERTISERS),
        rows=("response",),
        total=("response", "count"),
        page=("response", "start_element"),
        page_parameter="start_element",
        first_page="0",
        also_account=("advertiser_code",),
    ),
}


def first_page_again(call: Call) -> Response:
    """The first page, with the number of the requested page."""
    shape, query = SHAPES[call.slug], call.request.query
    response = call.work({**query, shape.page_parameter: shape.first_page})
    body = read_answer(response)
    asked = query.get(shape.page_parameter, shape.first_page)
    if asked.isdecimal():
        _set(body, shape.page, int(asked))
    return with_json(response, body)


def repeated_items(call: Call) -> Response:
    shape, query = SHAPES[call.slug], call.request.query
    first = query if not shape.page else {**query, shape.page_parameter: shape.first_page}
    response = call.work()
    body, start = read_answer(response), read_answer(call.work(first))
    rows = _rows(body, shape)
    rows.extend(_rows(start, shape)[: call.given["items"]])
    return with_json(response, body)


def missing_items(call: Call) -> Response:
    response = call.work()
    body = read_answer(response)
    rows = _rows(body, SHAPES[call.slug])
    del rows[: call.given["items"]]
    return with_json(response, body)


def moving_pages(call: Call) -> Response:
    """The answer is right, but right after it the listed objects move, and with them the next page."""
    with call.store.transaction():
        response = call.work()
        rows = _rows(read_answer(response), SHAPES[call.slug])[: call.given["items"]]
        for row in rows:
            if call.given["how"] == "deleted":
                call.store.delete(call.slug, str(row["id"]))
            else:
                _insert(call, row)
            call.store.count("objects", call.slug, f"{call.given['how']} by a fault")
    return response


def wrong_total(call: Call) -> Response:
    response, by = call.work(), call.given["by"]
    body = read_answer(response)
    path = SHAPES[call.slug].total
    real = _get(body, path)
    if isinstance(real, int):
        totals = {"larger": real + by, "smaller": max(0, real - by), "null": None, "text": "many"}
        _set(body, path, totals[call.given["total"]])
    return with_json(response, body)


def foreign_objects(call: Call) -> Response:
    shape = SHAPES[call.slug]
    query = {name: value for name, value in call.request.query.items() if name not in shape.also_account}
    asked = query.get(shape.account, shape.accounts[0])
    others = [account for account in shape.accounts if account != asked]
    return call.work({**query, shape.account: call.given["account"] or others[0]})


def _insert(call: Call, row: Mapping[str, Any]) -> None:
    """A copy of a shown object, with an id below all others where ids are numbers."""
    shape, own = SHAPES[call.slug], str(row["id"])
    [(_, _, original)] = call.store.rows(call.slug, remote_ids=[own])
    account = str(original.get(shape.account) or call.request.query.get(shape.account, shape.accounts[0]))
    number = _below_all(call, original["id"])
    name = f"{original.get('name', '')} {number}"  # PitchTarget has a name once only
    call.store.put(call.slug, account, str(number), {**original, "id": number, "name": name})


def _below_all(call: Call, like: int | str) -> int | str:
    if not isinstance(like, int) and not like.isdecimal():
        return str(uuid.uuid4())
    lowest = call.store.lowest_id(call.slug) - 1
    return lowest if isinstance(like, int) else str(lowest)


def _rows(body: Any, shape: Shape) -> list[Any]:
    """The rows, to be changed in place; none if the answer is not a list."""
    found = _get(body, shape.rows)
    if isinstance(found, dict):
        found = next((value for value in found.values() if isinstance(value, list)), None)
    return found if isinstance(found, list) else []


def _get(body: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _set(body: Any, path: tuple[str, ...], value: Any) -> None:
    holder = _get(body, path[:-1])
    if path and isinstance(holder, dict) and path[-1] in holder:
        holder[path[-1]] = value
