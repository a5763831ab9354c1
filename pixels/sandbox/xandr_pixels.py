"""What Xandr's `/pixel` does: the twelve rows of the document's table "REST API"."""

from datetime import UTC, datetime

from . import xandr_advertisers, xandr_fields, xandr_index, xandr_query, xandr_render
from .store import Store
from .wire import write_json
from .xandr_envelope import Body, Envelope, Refused
from .xandr_index import PixelIndex
from .xandr_query import Query

SLUG = xandr_index.SLUG
LINE_ITEM = xandr_index.LINE_ITEM

FIRST_ID = 1017111  # right after the sample's

# inferred: documented as "cannot delete"; this error_id is for requests at odds with the data
IN_USE_ERROR = "INTEGRITY"
# inferred: "used by one or more line items" makes no difference between their states
INACTIVE_LINE_ITEMS_COUNT = True
CODES_ARE_UNIQUE = False  # inferred: stated of other objects' codes, not of a pixel's


def names_one(query: Query) -> bool:
    """A single id, or a code within an advertiser code, is "a particular pixel"; several ids are a list."""
    return xandr_query.names_one(query, codes_name_one="advertiser_code" in query)


def get(query: Query, store: Store, envelope: Envelope) -> bytes:
    """As xandr_query.listing, in JSON: the pixels of a page are kept as text, and most answers are pages."""
    advertiser = xandr_advertisers.named(query, store)
    wanted = xandr_query.wanted(query) if "id" in query else None
    chosen = xandr_query.selection(query, but=("id", "advertiser_id", "advertiser_code"))
    index = store.view(PixelIndex)
    found = index.find(_account(advertiser), wanted, query, chosen)
    page, count = chosen.page(found), len(found)
    single = names_one(query)
    if single and not found:
        raise Refused(xandr_query.NOT_FOUND, empty=True)
    if page and not (chosen.fields or envelope.form_2010 or (single and count == 1)):
        try:
            return envelope.many_texts(index.texts(page), count=count, start=chosen.start, asked=chosen.asked)
        except UnicodeEncodeError:
            pass  # half a surrogate pair: write_json knows how
    rows = [chosen.cut(one) for one in index.bodies(page)]
    if single and count == 1 and rows:
        return write_json(envelope.one(rows[0], asked=chosen.asked))
    return write_json(envelope.many(rows, count=count, start=chosen.start, asked=chosen.asked))


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


def load(pixel: Body, store: Store) -> int:
    """A pixel as a sample shows it; its id. Its line items become line items that use it."""
    number = int(pixel["id"])
    kept = {name: value for name, value in pixel.items() if name != "line_items"}
    store.put(SLUG, str(int(pixel["advertiser_id"])), str(number), {**kept, "id": number})
    for shown in pixel.get("line_items") or []:
        known = store.one(SLUG, str(shown["id"]), LINE_ITEM) or {}
        pixel_ids = list(dict.fromkeys([*known.get("pixel_ids", []), number]))
        links = {"advertiser_id": pixel["advertiser_id"], "pixel_ids": pixel_ids}
        load_line_item({**known, **shown, **links}, store)
    return number


def load_line_item(line_item: Body, store: Store) -> None:
    """A line item in place of the one with its id: with other `pixel_ids` it lets pixels go."""
    item = {key: line_item[key] for key in ("id", "name", "state", "advertiser_id", "pixel_ids")}
    store.put(SLUG, str(int(item["advertiser_id"])), str(item["id"]), item, kind=LINE_ITEM)


def objects(store: Store, account: str | None) -> list[Body]:
    """All pixels in full and in the order they came, for tests and the page."""
    index = store.view(PixelIndex)
    pixels = store.objects(SLUG, account=None if account is None else str(int(account)))
    return [xandr_render.complete(pixel, index.using(pixel["id"])) for pixel in pixels]


def _particular(query: Query, store: Store) -> Body:
    """The stored pixel that an id or a code names, within an advertiser: another's is not found."""
    account = _account(_required_advertiser(query, store))
    index = store.view(PixelIndex)
    if "id" in query:
        found = index.with_ids(account, [xandr_query.number(query["id"], "id")])
    elif "code" in query:
        found = index.with_codes(account, [query["code"]])
    else:
        raise Refused("id is required")
    pixel = store.one(SLUG, str(found[0])) if found else None
    if pixel is None:
        raise Refused(xandr_query.NOT_FOUND, empty=True)
    if len(found) > 1:
        raise Refused("More than one pixel has this code", error_id="INTEGRITY")
    return pixel


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
    if set(store.view(PixelIndex).with_codes(None, [code])) - {own_id}:
        raise Refused("code is already in use", error_id="INTEGRITY")


def _using(pixel_id: int, store: Store) -> list[Body]:
    items = store.view(PixelIndex).using(pixel_id)
    return [item for item in items if INACTIVE_LINE_ITEMS_COUNT or item["state"] == "active"]


def _put(pixel: Body, store: Store) -> None:
    store.put(SLUG, str(pixel["advertiser_id"]), str(pixel["id"]), pixel)


def _render(pixel: Body, store: Store) -> Body:
    return xandr_render.complete(pixel, store.view(PixelIndex).using(pixel["id"]))


def _account(advertiser: int | None) -> str | None:
    return None if advertiser is None else str(advertiser)


def _now() -> str:
    return datetime.now(UTC).strftime(xandr_query.TIMESTAMP)
