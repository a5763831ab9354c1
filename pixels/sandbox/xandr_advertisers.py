"""Xandr's `/advertiser`, to read only (the vendor's page "Advertiser Service").

https://learn.microsoft.com/en-us/xandr/digital-platform-api/advertiser-service
"""

from typing import Any

from . import members, xandr_query
from .store import Store
from .xandr_envelope import Body, Envelope, Refused
from .xandr_query import Query

SLUG = "xandr"
KIND = "advertiser"
OWNED = ("pixel", "line_item")  # kinds of objects that belong to one

NOT_FOUND = "advertiser not found"  # inferred: seen in a client's tests, in no document

# inferred: as of a pixel's fields, those that the page's table has and a caller may look for
TYPES: xandr_query.Types = {
    "id": "int",
    "code": "string",
    "name": "string",
    "state": "enum",
    "default_currency": "string",
    "timezone": "string",
    "last_modified": "timestamp",
}

STATES = ("active", "inactive")

# The keys of the page's sample of one advertiser, with its values where they say nothing of a person.
FIELDS: Body = {
    "id": None,
    "code": None,
    "name": None,
    "legal_entity_name": None,
    "state": "active",
    "default_brand_id": 0,
    "remarketing_segment_id": None,
    "profile_id": None,
    "control_pct": 0,
    "timezone": "EST5EDT",
    "last_modified": "2026-01-01 00:00:00",
    "member_id": members.XANDR_MEMBER,
    "billing_name": None,
    "billing_phone": None,
    "billing_address1": None,
    "billing_address2": None,
    "billing_city": None,
    "billing_state": None,
    "billing_country": None,
    "billing_zip": None,
    "default_currency": "USD",
    "use_insertion_orders": False,
    "time_format": "12-hour",
    "is_malicious": False,
    "billing_internal_user": None,
    "default_category": None,
    "default_brand": None,
    "labels": None,
    "competitive_brands": None,
    "competitive_categories": None,
    "lifetime_budget": None,
    "lifetime_budget_imps": None,
    "daily_budget": None,
    "daily_budget_imps": None,
    "enable_pacing": None,
    "lifetime_pacing": None,
    "lifetime_pacing_span": None,
    "allow_safety_pacing": None,
    "stats": None,
}


def get(query: Query, store: Store, envelope: Envelope) -> Body:
    """Documented: all; one by id or by code; several by ids; `search` in ids and names."""
    found = all_of(store)
    if "search" in query:
        found = [one for one in found if _has(one, query["search"])]
    return xandr_query.listing(
        query, found, TYPES, envelope, one="advertiser", many="advertisers", codes_name_one=True, but=("search",)
    )


def meta(envelope: Envelope) -> Body:
    return envelope.fields(xandr_query.described(TYPES))


def named(query: Query, store: Store) -> int | None:
    """The advertiser that another service's query names, by id or by code."""
    found: set[int] = set()
    if "advertiser_id" in query:
        found.add(xandr_query.number(query["advertiser_id"], "advertiser_id"))
    if "advertiser_code" in query:
        found.update({one["id"] for one in all_of(store) if one["code"] == query["advertiser_code"]} or {-1})
    if len(found) > 1 or not all(_is_one(number, store) for number in found):
        raise Refused(NOT_FOUND)
    return found.pop() if found else None


def all_of(store: Store) -> list[Body]:
    """The members' advertisers, the loaded ones, and those that loaded objects belong to."""
    found: dict[int, Body] = {
        number: {**FIELDS, "id": number, "code": it.code, "name": it.name}
        for number, it in members.XANDR_ADVERTISERS.items()
    }
    for account in store.accounts(SLUG, OWNED):
        found.setdefault(int(account), {**FIELDS, "id": int(account), "name": f"Advertiser {account}"})
    found.update({one["id"]: one for one in store.objects(SLUG, KIND)})
    return list(found.values())


def load(advertiser: dict[str, Any], store: Store) -> None:
    """At least `id` and `name`; the rest as documented. ValueError for what is no field of an advertiser."""
    number, name = int(advertiser["id"]), str(advertiser["name"])
    if not set(advertiser) <= set(FIELDS) or advertiser.get("state", "active") not in STATES:
        raise ValueError("advertiser")
    store.put(SLUG, str(number), str(number), {**FIELDS, **advertiser, "id": number, "name": name}, kind=KIND)


def _is_one(number: int, store: Store) -> bool:
    """Of all_of, without looking at each."""
    if number in members.XANDR_ADVERTISERS or store.one(SLUG, str(number), KIND):
        return True
    return str(number) in store.accounts(SLUG, OWNED)


def _has(one: Body, text: str) -> bool:
    return text.casefold() in str(one["name"]).casefold() or text in str(one["id"])
