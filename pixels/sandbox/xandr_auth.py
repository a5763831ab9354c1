"""Xandr's log-in by password, its sessions, and the limits on both.

https://learn.microsoft.com/en-us/xandr/digital-platform-api/authentication-service and .../api-usage-constraints.
Every limit is a switch and off until set. The log-in by key is in xandr_keys.
"""

import math
import secrets
from typing import Any
from urllib.parse import quote, unquote

from . import members
from .store import Store
from .wire import Request, Response, json_response
from .xandr_envelope import Body, Envelope, Refused

SLUG = "xandr"

COOKIE = "HBFAPI_SESSID"  # the name in recorded answers; the value is the token, percent-encoded

# inferred: the service's documents say NOAUTH for a wrong password (and the switch xandr_unauth what the
# vendor's own client is tested against)
WRONG_PASSWORD_ERROR = "NOAUTH"
# inferred: "because thats what the service responds with", says that client's test
WRONG_PASSWORD_STATUS = 200
WRONG_PASSWORD_TEXT = "No match found for user/pass"
# inferred: the documents have the error_ids and no sample; the words are ours, the status that of a wrong password
CLOSED_TEXTS = {
    "NOAUTH_EXPIRED": "The password of this user has expired",
    "NOAUTH_DISABLED": "This user has been deactivated",
}
# inferred: 401 since 2016 for an expired session at the sister API; clients take it for NOAUTH
NO_SESSION_STATUS = 401
NO_SESSION_TEXT = "Authentication failed - not logged in"  # inferred: seen by one client, in no document
# inferred: 403 is what the vendor's client takes for UNAUTH; documented is only that such a user cannot write
NOT_ALLOWED_STATUS = 403
READ_ONLY_TEXT = "User is read only"  # inferred: no document has the text

LOG_IN_SECONDS = 300  # documented: ten successful log-ins in five minutes
# inferred: documented as "will result in an error"; one client waits on this error_code at a log-in
TOO_MANY_LOG_INS: dict[str, Any] = {
    "text": "You have exceeded your limit of log-ins, please wait and try again",
    "error_id": "SYSTEM",
    "error_code": "RATE_EXCEEDED",
    "status": 200,
}
# inferred: documented as "HTTP 200 with an error payload"; its form nobody has written down
TOO_MANY_AT_ONCE: dict[str, Any] = {
    "text": "You have exceeded your limit of concurrent requests",
    "error_id": "SYSTEM",
    "error_code": None,
    "status": 200,
}
# The headers are documented (since 2024-04-15). inferred: the body, which was documented until then
TOO_MANY_CALLS: dict[str, Any] = {
    "text": "You have exceeded your request limit of {} per {:g} seconds for this user, please wait and try again",
    "error_id": "SYSTEM",
    "error_code": "RATE_EXCEEDED",
    "description": "rate limit has been exceeded",
    "status": 429,
}


def log_in(given: Body, store: Store, envelope: Envelope) -> Response:
    """`POST /auth` with what is under "auth"."""
    user = members.XANDR_USERS.get(given["username"]) if isinstance(given.get("username"), str) else None
    if user is None or given.get("password") != user.password:
        error_id = "UNAUTH" if store.switch("xandr_unauth") else WRONG_PASSWORD_ERROR
        raise Refused(WRONG_PASSWORD_TEXT, error_id=error_id, status=WRONG_PASSWORD_STATUS)
    token = open_session(user, store, f"hbapi:{user.id}:{secrets.token_hex(13)}:sandbox")
    return json_response(envelope.token(token), headers=cookie(token))


def open_session(user: members.XandrUser, store: Store, token: str) -> str:
    """The token is opaque, but has the colons of the recorded ones."""
    if user.log_in_error:
        raise Refused(CLOSED_TEXTS[user.log_in_error], error_id=user.log_in_error, status=WRONG_PASSWORD_STATUS)
    limit = store.switch("xandr_logins")
    if limit is not None:
        if len(store.noted("xandr log-in", user.username, seconds=LOG_IN_SECONDS)) >= limit:
            raise Refused(**TOO_MANY_LOG_INS)
        store.note("xandr log-in", user.username)
    store.open_session(SLUG, user.username, token)
    return token


def caller(request: Request, store: Store) -> tuple[str, members.XandrUser]:
    """The token, raw in the header (no "Bearer") or in the session cookie, and whose it is."""
    token = request.headers.get("authorization") or _cookie_token(request)
    session = store.session(SLUG, token)
    if (
        session is None
        or _over(session.idle, store.switch("xandr_token_seconds"))
        or _over(session.age, store.switch("xandr_token_hard_seconds"))
    ):
        raise Refused(NO_SESSION_TEXT, error_id="NOAUTH", status=NO_SESSION_STATUS)
    store.use_session(token)
    return token, members.XANDR_USERS[session.username]


def may_write(user: members.XandrUser) -> None:
    if user.read_only:
        raise Refused(READ_ONLY_TEXT, error_id="UNAUTH", status=NOT_ALLOWED_STATUS)


def spend(request: Request, user: members.XandrUser, store: Store) -> None:
    """One call of the user's budget of reads or writes; Refused where it is spent."""
    kind = "reads" if request.method in ("GET", "HEAD") else "writes"
    limit = store.switch(f"xandr_{kind}")
    if limit is None:
        return
    window = store.switch("xandr_window_seconds")
    ago = store.noted(f"xandr {kind}", user.username, seconds=window)
    if len(ago) >= limit:
        wait = math.ceil(window - (ago[0] if ago else 0))
        headers = {
            "x-ratelimit-code": "429",
            "retry-after": str(max(wait, 1)),
            "x-ratelimit-count": str(len(ago)),
            "x-an-user-id": str(user.id),
        }
        text = TOO_MANY_CALLS["text"].format(limit, window)
        raise Refused(**{**TOO_MANY_CALLS, "text": text}, headers=headers)
    # inferred: a call that was refused so is not counted again
    store.note(f"xandr {kind}", user.username)


def cookie(token: str) -> dict[str, str]:
    # recorded: sent again with every answer
    return {"Set-Cookie": f"{COOKIE}={quote(token, safe='')}; Path=/"}


def _over(seconds: float, limit: float | None) -> bool:
    return limit is not None and seconds > limit


def _cookie_token(request: Request) -> str:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return unquote(value)
    return ""
