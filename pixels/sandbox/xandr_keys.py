"""Xandr's log-in by key: `/public-key` registers one, `POST /v2/auth/jwt` takes what it signed.

https://learn.microsoft.com/en-us/xandr/digital-platform-api/token-based-api-authentication. These two answer with
`debug_info` and `start`, where the other services have `dbg_info` and `start_element`: the page's samples.
"""

import base64
import binascii
import uuid
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from . import members, xandr_auth, xandr_query
from .store import Store
from .wire import BadJson, Request, Response, json_response, read_json
from .xandr_envelope import Body, Refused
from .xandr_query import Query

SLUG = "xandr"
KIND = "public_key"

ALGORITHM = "RS256"
CONTENT_TYPE = "text/plain"
# inferred: the page shows no refusal. That of a wrong password, told from it by its text
BAD_TOKEN_TEXT = "The JWT was not accepted"
# inferred: the page's samples have `sub` and `iat` and no `exp`; one that is sent is honoured
EXP_IS_HONOURED = True
IAT_LEEWAY_SECONDS = 300  # inferred: a clock that is ahead; a JWT may be as old as it likes, as `exp` is for that
MIN_KEY_BITS = 2048  # inferred: the page recommends it
# inferred: the page writes key_id in the query and shows no list of keys
LIST_KEY = "public-keys"
WRITABLE = ("active", "name", "user_id", "encoded_value")


def log_in(request: Request, store: Store) -> Response:
    """`POST /v2/auth/jwt`: the body is the bare JWT."""
    if request.content_type != CONTENT_TYPE:
        raise Refused(f"Content-Type must be {CONTENT_TYPE}", status=400)
    user = _signed_by(request.body, store)
    token = xandr_auth.open_session(user, store, f"authn:{user.id}:{uuid.uuid4()}:sandbox")
    body = {"response": {"status": "OK", "token": token, "debug_info": _debug()}}
    return json_response(body, headers=xandr_auth.cookie(token))


def keys(query: Query, user: members.XandrUser, store: Store) -> Body:
    xandr_query.only(query, "user_id", "key_id")
    found = _of(_own_id(query, user), store)
    if "key_id" in query:
        number = xandr_query.number(query["key_id"], "key_id")
        found = [key for key in found if key["id"] == number]
    return _answer({LIST_KEY: found}, count=len(found))


def register(query: Query, fields: Body, user: members.XandrUser, store: Store) -> Body:
    xandr_query.only(query, "user_id")
    own_id = _own_id(query, user)
    unknown = sorted(set(fields) - set(WRITABLE))
    if unknown or fields.get("user_id") != own_id:
        raise Refused(f"Invalid field: {unknown[0]}" if unknown else "user_id in the body differs from the query")
    name, value, active = fields.get("name"), fields.get("encoded_value"), fields.get("active", True)
    if not isinstance(name, str) or not name.strip() or not isinstance(active, bool):
        raise Refused("name must be a string, active true or false")
    if any(key["name"] == name for key in _of(own_id, store)):
        raise Refused("name is already in use", error_id="INTEGRITY")
    _public_key(value)
    number = store.next_id("xandr public-key", 1)
    key = {"id": number, "active": active, "encoded_value": value, "name": name, "user_id": own_id}
    store.put(SLUG, str(own_id), str(number), key, kind=KIND)
    return _answer({"public-key": {name: key[name] for name in ("active", "encoded_value", "name", "user_id")}})


def change(query: Query, fields: Body, user: members.XandrUser, store: Store) -> Body:
    """Documented: `active` on and off."""
    xandr_query.only(query, "user_id", "key_id")
    own_id = _own_id(query, user)
    number = xandr_query.number(query.get("key_id", ""), "key_id")
    found = [key for key in _of(own_id, store) if key["id"] == number]
    if not found:
        raise Refused(xandr_query.NOT_FOUND, empty=True)
    if set(fields) != {"active"} or not isinstance(fields["active"], bool):
        raise Refused("active must be true or false")
    key = {**found[0], **fields}
    store.put(SLUG, str(own_id), str(number), key, kind=KIND)
    return _answer({"public-key": {name: key[name] for name in ("active", "encoded_value", "name", "user_id")}})


def _answer(data: Body, *, count: int = 1) -> Body:
    response = {"status": "OK", "count": count, "start": 0, "num_elements": count, "debug_info": _debug(), **data}
    return {"response": response}


def _debug() -> Body:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    instance = "01.authentication-api.sandbox"
    request_id = f"{instance}-{uuid.uuid4()}"
    return {"instance": instance, "time": 1, "start_time": now, "version": "0.22.0", "request_id": request_id}


def _own_id(query: Query, user: members.XandrUser) -> int:
    """The user of the query. inferred: another's keys are an administrator's business."""
    if "user_id" not in query:
        raise Refused("user_id is required")
    if xandr_query.number(query["user_id"], "user_id") != user.id:
        raise Refused("Not allowed for another user", error_id="UNAUTH", status=xandr_auth.NOT_ALLOWED_STATUS)
    return user.id


def _of(user_id: int, store: Store) -> list[Body]:
    return store.objects(SLUG, KIND, account=str(user_id))


def _public_key(value: Any) -> RSAPublicKey:
    try:
        key = load_pem_public_key(value.encode("ascii"))
    except (AttributeError, ValueError):
        key = None
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise Refused(f"encoded_value must be an RSA public key in PEM of at least {MIN_KEY_BITS} bits")
    return key


def _signed_by(body: bytes, store: Store) -> members.XandrUser:
    """The user that a JWT names, if an active key of that user by the name `kid` has signed it (RFC 7515, 7519)."""
    refused = Refused(BAD_TOKEN_TEXT, error_id="NOAUTH", status=xandr_auth.WRONG_PASSWORD_STATUS)
    try:
        head, payload, signature = body.split(b".")
        header, claims, signed = read_json(_decoded(head)), read_json(_decoded(payload)), _decoded(signature)
    except (BadJson, ValueError):
        raise refused from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != ALGORITHM:
        raise refused
    user = members.XANDR_USERS.get(claims["sub"]) if isinstance(claims.get("sub"), str) else None
    if user is None or not _timely(claims):
        raise refused
    for key in _of(user.id, store):
        if key["name"] == header.get("kid") and key["active"]:
            try:
                _public_key(key["encoded_value"]).verify(signed, head + b"." + payload, PKCS1v15(), hashes.SHA256())
                return user
            except InvalidSignature:
                break
    raise refused


def _timely(claims: Body) -> bool:
    now = datetime.now(UTC).timestamp()
    iat, exp = claims.get("iat"), claims.get("exp")
    if isinstance(iat, bool) or not isinstance(iat, int | float) or iat > now + IAT_LEEWAY_SECONDS:
        return False
    if exp is None or not EXP_IS_HONOURED:
        return True
    return isinstance(exp, int | float) and exp > now


def _decoded(part: bytes) -> bytes:
    """Base64 for URLs without its padding, and nothing else in between. ValueError where it is not."""
    if b"=" in part:
        raise ValueError("padding")
    try:
        return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
