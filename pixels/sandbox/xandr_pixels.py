"""What Xandr's `/pixel` does: the twelve rows of the document's table "REST API"."""

from datetime import UTC, datetime

from . import members, xandr_advertisers, xandr_fields, xandr_query
from .store import Store
from .xandr_envelope import Body, Envelope, Refused
from .xandr_query import Query

SLUG = "xandr"

FIRST_ID = 1017111  # right after the sample's
LINE_ITEM = "line_item"

# inferred: documented as "cannot delete"; this error_id is for requests at odds with the data
IN_USE_ERROR = "INTEGRITY"
# inferred: "used by one or more line items" makes no difference between their states
INACTIVE_LINE_ITEMS_COUNT = True
CODES_ARE_UNIQUE = False  # inferred: stated of other objects' codes, not of a pixel's
# inferred: the samples show null, never [], where there are no campaigns, line items, piggybacks
NOTHING_IS_NULL = True


def names_one(query: Query) -> bool:
    """A single id, or a code within an advertiser code, is "a particular pixel"; several ids are a list."""
    if "id" in query:
        return "," not in query["id"]
    return "advertiser_code" in query and "code" in query


def get(query: Query, store: Store, envelope: Envelope) -> Body:
    advertiser = xandr_advertisers.named(query, store)
    return xandr_query.listing(
        query,
        _rendered(store, advertiser),
        xandr_query.PIXEL,
        envelope,
        one="pixel",
        many="pixels",
        codes_name_one="advertiser_code" in query,
        but=("advertiser_id", "advertiser_code"),
    )


def create(query: Query, fields: Body, store: Store, envelope: Envelope) -> Body:
    xandr_query.only(query, "advertiser_id", "advertiser_code")
    advertiser = _required_advertiser(query, store)
    _agrees(fields, "advertiser_id", advertiser)
    values, warnings = xandr_fields.accepted(fields)
    if "name" not in values:
        raise Refused("name is required")
    if "id" in fields:
        warnings.append(xandr_fields.READ_ONLY_WARNING.format("id"))
    _unique_code(values, store, None)
    now = _now()
    pixel = {
        **xandr_fields.DEFAULTS,
        **values,
        "id": store.next_id(SLUG, FIRST_ID),
        "advertiser_id": advertiser,
        "campaigns": None,
        "created_on": now,
        "last_modified": now,
    }
    _put(pixel, store)
    store.count("objects", SLUG, "created")
    return envelope.written(_render(pixel, store), warnings, id_as_text=False)


def update(query: Query, fields: Body, store: Store, envelope: Envelope) -> Body:
    """Fields not sent stay; arrays are replaced, or added to with `append=true`."""
    xandr_query.only(query, "advertiser_id", "advertiser_code", "id", "code", "append")
    pixel = _particular(query, store)
    _agrees(fields, "advertiser_id", pixel["advertiser_id"])
    _agrees(fields, "id", pixel["id"])
    values, warnings = xandr_fields.accepted(fields)
    if xandr_query.flag(query, "append") and values.get("piggyback_pixels"):
        values["piggyback_pixels"] = [*(pixel.get("piggyback_pixels") or []), *values["piggyback_pixels"]]
        xandr_fields.check_piggybacks("piggyback_pixels", values["piggyback_pixels"])
    _unique_code(values, store, pixel["id"])
    pixel = {**pixel, **values, "last_modified": _now()}
    _put(pixel, store)
    store.count("objects", SLUG, "updated")
    return envelope.written(_render(pixel, store), warnings, id_as_text=True)


def delete(query: Query, store: Store, envelope: Envelope) -> Body:
    """By numbers only: the table has no row for a DELETE by codes."""
    xandr_query.only(query, "advertiser_id", "id")
    pixel = _particular(query, store)
    if _using(pixel["id"], store):
        raise Refused("The pixel is used by one or more line items", error_id=IN_USE_ERROR)
    store.delete(SLUG, str(pixel["id"]))
    store.count("objects", SLUG, "deleted")
    return envelope.deleted()


def meta(envelope: Envelope) -> Body:
    return envelope.fields(xandr_query.described(xandr_query.PIXEL))


def load(pixel: Body, store: Store) -> None:
    """A pixel as a sample shows it. Its line items become line items that use it."""
    number = int(pixel["id"])
    kept = {name: value for name, value in pixel.items() if name != "line_items"}
    store.put(SLUG, str(int(pixel["advertiser_id"])), str(number), {**kept, "id": number})
    store.seen_id(SLUG, number)
    for shown in pixel.get("line_items") or []:
        known = {item["id"]: item for item in store.objects(SLUG, LINE_ITEM)}.get(shown["id"], {})
        pixel_ids = list(dict.fromkeys([*known.get("pixel_ids", []), number]))
        links = {"advertiser_id": pixel["advertiser_id"], "pixel_ids": pixel_ids}
        load_line_item({**known, **shown, **links}, store)


def load_line_item(line_item: Body, store: Store) -> None:
    """A line item in place of the one with its id: with other `pixel_ids` it lets pixels go."""
    item = {key: line_item[key] for key in ("id", "name", "state", "advertiser_id", "pixel_ids")}
    store.put(SLUG, str(int(item["advertiser_id"])), str(item["id"]), item, kind=LINE_ITEM)


def objects(store: Store, account: str | None) -> list[Body]:
    """All pixels in full, for tests and the page."""
    return _rendered(store, None if account is None else int(account))


def _particular(query: Query, store: Store) -> Body:
    """The stored pixel that an id or a code names, within an advertiser: another's is not found."""
    advertiser = _required_advertiser(query, store)
    pixels = store.objects(SLUG, account=str(advertiser))
    if "id" in query:
        number = xandr_query.number(query["id"], "id")
        found = [pixel for pixel in pixels if pixel["id"] == number]
    elif "code" in query:
        found = [pixel for pixel in pixels if pixel.get("code") == query["code"]]
    else:
        raise Refused("id is required")
    if not found:
        raise Refused(xandr_query.NOT_FOUND, empty=True)
    if len(found) > 1:
        raise Refused("More than one pixel has this code", error_id="INTEGRITY")
    return found[0]


def _required_advertiser(query: Query, store: Store) -> int:
    advertiser = xandr_advertisers.named(query, store)
    if advertiser is None:
        raise Refused("advertiser_id is required")
    return advertiser


def _agrees(fields: Body, name: str, value: int) -> None:
    """`advertiser_id` and `id` are JSON fields too; a body that is at odds with the query is refused."""
    if name in fields and fields[name] != value:
        raise Refused(f"{name} in the body differs from the query")


def _unique_code(values: Body, store: Store, own_id: int | None) -> None:
    code = values.get("code")
    if not CODES_ARE_UNIQUE or code is None:
        return
    if any(pixel.get("code") == code and pixel["id"] != own_id for pixel in store.objects(SLUG)):
        raise Refused("code is already in use", error_id="INTEGRITY")


def _using(pixel_id: int, store: Store) -> list[Body]:
    items = [item for item in store.objects(SLUG, LINE_ITEM) if pixel_id in item["pixel_ids"]]
    return [item for item in items if INACTIVE_LINE_ITEMS_COUNT or item["state"] == "active"]


def _put(pixel: Body, store: Store) -> None:
    store.put(SLUG, str(pixel["advertiser_id"]), str(pixel["id"]), pixel)


def _rendered(store: Store, advertiser: int | None) -> list[Body]:
    account = None if advertiser is None else str(advertiser)
    items = store.objects(SLUG, LINE_ITEM)
    return [_complete(pixel, items) for pixel in store.objects(SLUG, account=account)]


def _render(pixel: Body, store: Store) -> Body:
    return _complete(pixel, store.objects(SLUG, LINE_ITEM))


def _complete(pixel: Body, line_items: list[Body]) -> Body:
    """All fields of the sample of 2018, in its order, for a pixel that may have been loaded with fewer.

    Where the table and the samples differ, as the samples: the event is one object (table: array), a line
    item's id is a number (table: string).
    """
    event_id = pixel.get("pixel_conversion_event_id")
    event = None if event_id is None else {"id": event_id, "name": xandr_fields.CONVERSION_EVENTS[event_id]}
    using = [
        {"id": item["id"], "name": item["name"], "state": item["state"]}
        for item in line_items
        if pixel["id"] in item["pixel_ids"]
    ]
    full = {
        **dict.fromkeys(xandr_fields.ALL_FIELDS),
        **xandr_fields.DEFAULTS,
        "member_id": members.XANDR_MEMBER,
        **pixel,
        "line_items": using,
        "pixel_conversion_event": event,
    }
    if NOTHING_IS_NULL:
        for name in ("campaigns", "line_items", "piggyback_pixels"):
            full[name] = full[name] or None
    return {name: full[name] for name in xandr_fields.ALL_FIELDS}


def _now() -> str:
    return datetime.now(UTC).strftime(xandr_query.TIMESTAMP)
