"""Xandr's `/user` and `/line-item`, to read only.

https://learn.microsoft.com/en-us/xandr/digital-platform-api/user-service and .../line-item-service
"""

from datetime import datetime

from . import members, xandr_advertisers, xandr_pixels, xandr_query
from .store import Store
from .xandr_envelope import Body, Envelope, Refused
from .xandr_query import Query

SLUG = "xandr"
EXPIRY = "password_expiry"

# inferred, as of a pixel's fields: what a caller may look for
USER_TYPES: xandr_query.Types = {
    "id": "int",
    "username": "string",
    "state": "enum",
    "user_type": "enum",
    "last_modified": "timestamp",
}
LINE_ITEM_TYPES: xandr_query.Types = {
    "id": "int",
    "code": "string",
    "name": "string",
    "state": "enum",
    "advertiser_id": "int",
    "last_modified": "timestamp",
}

# inferred: the form of every other timestamp; the page's sample of a user leaves the field out
PASSWORD_EXPIRES_ON = "2099-01-01 00:00:00"
LAST_MODIFIED = "2026-01-01 00:00:00"

# inferred: the page's table has no row for all line items of all advertisers
LINE_ITEMS_NEED_ONE_OF = ("advertiser_id", "advertiser_code", "id", "search")


def users(query: Query, username: str, store: Store, envelope: Envelope) -> Body:
    """`?current` is the caller. Documented: one by id, several by ids, all of the member."""
    found = [_user(user, store) for user in members.XANDR_USERS.values()]
    if "current" in query:
        query = {**query, "id": str(members.XANDR_USERS[username].id)}
    return xandr_query.listing(query, found, USER_TYPES, envelope, one="user", many="users", but=("current",))


def line_items(query: Query, store: Store, envelope: Envelope) -> Body:
    if not set(LINE_ITEMS_NEED_ONE_OF) & set(query):
        raise Refused("advertiser_id is required")
    advertiser = xandr_advertisers.named(query, store)
    found = [
        _line_item(item, store)
        for item in store.objects(SLUG, xandr_pixels.LINE_ITEM)
        if advertiser in (None, item["advertiser_id"])
    ]
    if "search" in query:
        text = query["search"]
        found = [one for one in found if text.casefold() in one["name"].casefold() or text in str(one["id"])]
    return xandr_query.listing(
        query,
        found,
        LINE_ITEM_TYPES,
        envelope,
        one="line-item",
        many="line-items",
        codes_name_one="advertiser_code" in query,
        but=("advertiser_id", "advertiser_code", "search"),
    )


def _user(user: members.XandrUser, store: Store) -> Body:
    """The fields of the page's sample of the current user, and `state` of those that cannot log in."""
    return {
        "id": user.id,
        "first_name": "Sandbox",
        "last_name": user.username.capitalize(),
        "phone": "",
        "username": user.username,
        "email": f"{user.username}@sandbox.example",
        "user_type": "member",
        "read_only": user.read_only,
        "api_login": True,
        "entity_id": members.XANDR_MEMBER,
        "publisher_id": None,
        "advertiser_id": None,
        "custom_data": None,
        "send_safety_budget_notifications": False,
        "entity_name": members.XANDR_MEMBER_NAME,
        "timezone": "EST5EDT",
        "entity_reporting_decimal_type": "decimal",
        "reporting_decimal_type": None,
        "decimal_mark": "period",
        "thousand_separator": "comma",
        "last_modified": LAST_MODIFIED,
        "is_developer": False,
        "state": "inactive" if user.log_in_error == "NOAUTH_DISABLED" else "active",
        "advertiser_access": None,
        "publisher_access": None,
        "password_expires_on": _expires_on(user, store),
    }


def load_expiry(username: str, expires_on: str, store: Store) -> None:
    """When a user's password expires. ValueError for another form, KeyError for another user."""
    datetime.strptime(expires_on, xandr_query.TIMESTAMP)
    number = str(members.XANDR_USERS[username].id)
    store.put(SLUG, number, number, {"id": number, "password_expires_on": expires_on}, kind=EXPIRY)


def _expires_on(user: members.XandrUser, store: Store) -> str:
    loaded = store.objects(SLUG, EXPIRY, account=str(user.id))
    return str(loaded[0]["password_expires_on"]) if loaded else PASSWORD_EXPIRES_ON


def _line_item(item: Body, store: Store) -> Body:
    """Of the page's many fields those that a pixel's delete is about, and what every object has."""
    named = store.rows(SLUG, remote_ids=map(str, item["pixel_ids"]))
    pixels = {pixel["id"]: pixel for _, account, pixel in named if account == str(item["advertiser_id"])}
    return {
        "id": item["id"],
        "code": item.get("code"),
        "name": item["name"],
        "state": item["state"],
        "advertiser_id": item["advertiser_id"],
        "member_id": members.XANDR_MEMBER,
        "last_modified": LAST_MODIFIED,
        "pixels": [_pixel_of(pixels[number]) for number in item["pixel_ids"] if number in pixels] or None,
    }


def _pixel_of(pixel: Body) -> Body:
    return {
        "id": pixel["id"],
        "state": pixel.get("state", "active"),
        "post_click_revenue": None,
        "post_view_revenue": None,
        "name": pixel.get("name"),
        "trigger_type": pixel.get("trigger_type", "click"),
    }
