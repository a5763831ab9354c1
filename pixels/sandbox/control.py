"""The sandbox's own addresses under /_sandbox/: its requests and objects; reset, seed, switch, expire; faults."""

from typing import Any

from . import switches, xandr, xandr_pixels
from .apis import APIS
from .fault_rules import BadRule, Faults, read_rules
from .store import SWITCHES, Store
from .wire import BadJson, Request, Response, json_response, read_json

PREFIX = "/_sandbox/"
SEED_PATH = PREFIX + "seed"


def answer(request: Request, store: Store, faults: Faults) -> Response:
    """Called inside one transaction of the store."""
    match request.method, request.path.removeprefix(PREFIX):
        case "GET", "requests":
            return json_response(requests(store))
        case "GET", "objects":
            return _objects(request, store)
        case "POST", "reset":
            faults.reset()
            store.reset()
            return json_response({"reset": True})
        case "POST", "seed":
            return _seed(request, store)
        case "POST", "switch":
            return _switch(request, store)
        case "POST", "expire":
            store.end_sessions()
            return json_response({"expired": True})
        case "GET", "faults":
            return json_response(faults.shown())
        case "POST", "faults":
            return _set_faults(request, faults)
        case "DELETE", "faults":
            faults.clear()
            return json_response(faults.shown())
    return refusal(404, "The sandbox has no such address")


def refusal(status: int, sentence: str) -> Response:
    return json_response({"error": sentence}, status=status)


def requests(store: Store) -> dict[str, Any]:
    """Counts of received requests, of their HTTP statuses, of faults that hit them, and of objects made, changed and
    deleted; and the objects held now."""
    return {
        "requests": store.counts("requests"),
        "answers": store.counts("answers"),
        "faults": store.counts("faults"),
        "objects": store.counts("objects"),
        "held": {provider: store.number(provider) for provider in APIS},
    }


def held(store: Store, provider: str, account: str | None = None) -> list[dict[str, Any]]:
    if provider == xandr.SLUG:
        return xandr_pixels.objects(store, account)
    return store.objects(provider, account=account)


def _objects(request: Request, store: Store) -> Response:
    provider, account = request.query.get("provider"), request.query.get("account")
    if provider not in APIS:
        return refusal(400, "provider must be one of " + ", ".join(APIS))
    if provider == xandr.SLUG and account is not None and not account.isdecimal():
        return refusal(400, "account must be a number")
    found: dict[str, Any] = {"objects": held(store, provider, account)}
    if provider == xandr.SLUG:
        found["line_items"] = store.objects(provider, xandr_pixels.LINE_ITEM, account)
    return json_response(found)


def _seed(request: Request, store: Store) -> Response:
    try:
        body = read_json(request.body)
        with store.transaction():
            provider = body.get("provider") or (xandr.SLUG if "line_items" in body else "")
            APIS[provider].seed(body, store)
            count = store.number(provider)
    except BadJson:
        return refusal(400, "The body is not valid JSON")
    except (AttributeError, KeyError, TypeError, ValueError):
        return refusal(
            400,
            "Give provider and objects with all their keys; PitchTarget: an ad_account too; Xandr: or line_items,"
            " advertisers, last_fired, password_expires_on, pass_seconds",
        )
    return json_response({"held": count})


def _set_faults(request: Request, faults: Faults) -> Response:
    """Add one rule or a list of them behind those already set: all, or none if one is invalid."""
    try:
        faults.add(read_rules(read_json(request.body)))
    except BadJson:
        return refusal(400, "The body is not valid JSON")
    except BadRule as problem:
        return refusal(400, str(problem))
    return json_response(faults.shown())


def _switch(request: Request, store: Store) -> Response:
    try:
        wanted = read_json(request.body)
    except BadJson:
        return refusal(400, "The body is not valid JSON")
    if not isinstance(wanted, dict) or not all(switches.fits(name, value) for name, value in wanted.items()):
        return refusal(400, switches.sentence())
    for name, value in wanted.items():
        store.set_switch(name, value)
    return json_response({name: store.switch(name) for name in SWITCHES})
