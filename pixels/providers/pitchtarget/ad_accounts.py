"""The Facebook ad accounts that a PitchTarget user reaches.

Source: github.com/pitchtarget/pitchtarget.github.io, branches with-api and api-docs (April and May 2014). Each ad
account has an `id` of PitchTarget's own and an `fb_id`; every other call wants the `fb_id`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..coerce import object_id
from ..errors import BadAnswer
from ..transport.response import Answer
from ..values import AdAccountRef
from .session import Session, read

PATH = "/fb_ad_accounts"
OLDER_PATH = "/fb_accounts"  # {"fb_accounts": [{"fb_ad_accounts": [...]}]}, in the older documents
# inferred: the documents show this list without "meta"; similar lists have it, with 10 objects a page.
MOST_PAGES = 500


def read_ad_accounts(session: Session) -> list[AdAccountRef]:
    """All ad accounts. Raises ProviderError instead of returning a part."""
    found: dict[str, AdAccountRef] = {}
    seen: set[str] = set()
    for number in range(1, MOST_PAGES + 1):
        answer = _ask(session, number)
        body = read(answer)
        known = len(seen)
        for item in _items(answer, body):
            seen.add(str(item.get("id", item.get("fb_id"))))
            ref = _ref(answer, item)
            if ref:
                found.setdefault(ref.id, ref)
        total = _total(body)
        if total is None or len(seen) >= total:
            return list(found.values())
        if len(seen) == known:
            break
    raise BadAnswer("pitchtarget.accounts_cut_short")


def _ask(session: Session, number: int) -> Answer:
    params = {"page": number} if number > 1 else None
    answer = session.call("read", "GET", PATH, params=params)
    return session.call("read", "GET", OLDER_PATH, params=params) if answer.status == 404 else answer


def _items(answer: Answer, body: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(body, dict):
        raise answer.unusable()
    if "fb_accounts" in body:
        for account in _objects(answer, body["fb_accounts"]):
            yield from _objects(answer, account.get("fb_ad_accounts"))
    else:
        yield from _objects(answer, body.get("fb_ad_accounts"))


def _objects(answer: Answer, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise answer.unusable()
    return value


def _ref(answer: Answer, item: Mapping[str, Any]) -> AdAccountRef | None:
    if item.get("fb_id") is None:
        return None  # not linked to Facebook, so it can have no pixels
    fb_id = object_id(item["fb_id"])
    if fb_id is None:
        raise answer.unusable()
    name, currency = (value if isinstance(value, str) else "" for value in (item.get("name"), item.get("currency")))
    return AdAccountRef(id=fb_id, name=f"{name} ({currency})" if name and currency else name)


def _total(body: Any) -> int | None:
    meta = body.get("meta")
    total = meta.get("total") if isinstance(meta, dict) else None
    return total if isinstance(total, int) else None
