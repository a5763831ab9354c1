"""The line items that keep a pixel from being deleted. They are read only, never changed.

Sources: the page on the Conversion Pixel Service (a pixel lists its `line_items`, and cannot be deleted while one uses
it), and that on the Line Item Service (GET /line-item?advertiser_id=&id=).
"""

from __future__ import annotations

from typing import Any

from ..coerce import object_id
from ..errors import ProviderError, Rejected
from ..transport.response import MAX_MESSAGE
from . import envelope
from .pixels import PixelService, Which
from .session import Session

NAMES = ("line-items", "line-item")
NAMED = 5  # line items named in the advice; further ones are counted
MAX_ID, MAX_NAME, MAX_STATE = 20, 30, 12  # characters shown


def with_line_items(refusal: Rejected, session: Session, advertiser_id: str, pixel_id: str) -> Rejected:
    """The error for a refused delete, naming the line items that use the pixel if they can be looked up."""
    try:
        users = _users(session, advertiser_id, pixel_id)
    except ProviderError:
        users = {}
    facts: dict[str, Any] = {"provider_message": refusal.provider_message[:MAX_MESSAGE], "status": refusal.status}
    if not users:
        return Rejected("xandr.delete_refused", **facts)
    named = [_named(session, remote_id, item) for remote_id, item in list(users.items())[:NAMED]]
    return Rejected("xandr.in_use", count=len(users), line_items=named, **facts)


def _users(session: Session, advertiser_id: str, pixel_id: str) -> dict[str, dict[str, Any]]:
    """The line items by id, as the pixel lists them. A missing name or state is read from the line item itself."""
    rows, _ = PixelService(session).particular(Which(advertiser_id=advertiser_id, id=pixel_id))
    listed = rows.by_id.get(pixel_id, {}).get("line_items")
    users: dict[str, dict[str, Any]] = {}
    for item in listed if isinstance(listed, list) else []:
        remote_id = object_id(item.get("id")) if isinstance(item, dict) else None
        if remote_id:
            users[remote_id] = item
    bare = [
        remote_id for remote_id, item in list(users.items())[:NAMED] if not (item.get("name") and item.get("state"))
    ]
    if bare:
        try:
            params: dict[str, str | int] = {"advertiser_id": advertiser_id, "id": ",".join(bare)}
            asked = envelope.read(session.call("read", "GET", "/line-item", params), NAMES).by_id
        except ProviderError:
            asked = {}  # then only their ids are shown
        users |= {remote_id: {**users[remote_id], **asked[remote_id]} for remote_id in bare if remote_id in asked}
    return users


def _named(session: Session, remote_id: str, item: dict[str, Any]) -> list[str]:
    """Id, name and state, without secrets and shortened; "" where Xandr does not say."""
    name, state = (
        session.clean_text(text) if isinstance(text := item.get(key), str) else "" for key in ("name", "state")
    )
    if len(name) > MAX_NAME:
        name = name[: MAX_NAME - 1] + "…"
    return [remote_id[:MAX_ID], name, state[:MAX_STATE]]
