"""From a Request to a Response: the whole sandbox except the sockets."""

import ipaddress
import logging
import traceback
from dataclasses import replace
from types import ModuleType
from urllib.parse import urlsplit

from . import control, page
from .apis import APIS
from .fault_call import DROPPED, Call, Over
from .fault_rules import Faults
from .faults import FAULTS
from .store import Store
from .wire import Request, Response

logger = logging.getLogger(__name__)


def answer(request: Request, store: Store, faults: Faults) -> Response:
    api, path = _api(request)
    with store.in_hand(api.SLUG if api else "") as number:
        if api:
            return _counted(api, replace(request, path=path, at_once=number), store, faults)
        try:
            with store.transaction():
                return _own(request, store, faults)
        except Exception as error:
            _log_bug(error)
            return _failure(None, 500, "Internal server error")


def _counted(api: ModuleType, inner: Request, store: Store, faults: Faults) -> Response:
    try:
        store.count("requests", api.SLUG, api.operation(inner))  # counted on arrival, whatever its outcome
        response = _answer(api, inner, store, faults)
    except Over:
        return DROPPED
    except Exception as error:
        _log_bug(error)
        response = _failure(api, 500, "Internal server error")
    _count_answer(store, api, inner, response)
    return response


def refuse(request: Request, store: Store, status: int, message: str) -> Response:
    """An error in the form of the API that the request was for."""
    api, path = _api(request)
    response = _failure(api, status, message)
    if api:
        inner = replace(request, path=path)
        store.count("requests", api.SLUG, api.operation(inner))
        _count_answer(store, api, inner, response)
    return response


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _api(request: Request) -> tuple[ModuleType | None, str]:
    """The API named by the first part of the path, and the rest of the path."""
    slug, slash, rest = request.path.removeprefix("/").partition("/")
    return APIS.get(slug), slash + rest


def _answer(api: ModuleType, request: Request, store: Store, faults: Faults) -> Response:
    over = faults.over  # read before the rule, so that a reset in between ends both
    rule = faults.take(api.SLUG, api.operation(request))
    if rule is None:
        with store.transaction():
            response: Response = api.answer(request, store)
            return response
    call = Call(api=api, request=request, store=store, over=over, later=faults.later, given=rule.given)
    return FAULTS[rule.fault].act(call)


def _failure(api: ModuleType | None, status: int, message: str) -> Response:
    response: Response = api.failure(status, message) if api else control.refusal(status, message)
    return response


def _own(request: Request, store: Store, faults: Faults) -> Response:
    if not _from_this_machine(request):
        return control.refusal(403, "Only for this machine")
    if request.path == "/" and request.method in ("GET", "HEAD"):
        return page.answer(store, faults)
    if request.path.startswith(control.PREFIX):
        return control.answer(request, store, faults)
    return control.refusal(404, "The sandbox has no such address")


def _from_this_machine(request: Request) -> bool:
    """Whether the request comes from this machine, not from a foreign web page or through a foreign DNS name."""
    origin = request.headers.get("origin")
    addresses = ["//" + request.headers.get("host", ""), *([] if origin is None else [origin])]
    return all(is_loopback(urlsplit(address).hostname or "") for address in addresses)


def _count_answer(store: Store, api: ModuleType, request: Request, response: Response) -> None:
    outcome = "no answer" if response.delivery.dropped else str(response.status)
    store.count("answers", api.SLUG, f"{api.operation(request)} {outcome}")


def _log_bug(error: Exception) -> None:
    """Log where an exception was raised, not its message, which may hold what was sent."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("bug in the sandbox: %s at %s:%s", type(error).__name__, last.filename, last.lineno)
