"""A request that a fault has hit, with all that a fault can do with it."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from .store import Store
from .wire import Delivery, Request, Response, write_json

DROPPED = Response(delivery=Delivery(dropped=True))


class Over(Exception):
    """The sandbox was reset or stopped, so nothing more of this request may be carried out."""


@dataclass(frozen=True, kw_only=True)
class Call:
    api: ModuleType
    request: Request  # as the API sees it
    store: Store
    over: threading.Event  # set by a reset, and when the server stops
    later: Callable[[float, Callable[[], object]], None]  # calls a function after so many seconds, in another thread
    given: Mapping[str, Any]  # the parameters of the fault

    @property
    def slug(self) -> str:
        return str(self.api.SLUG)

    def work(self, query: Mapping[str, str] | None = None) -> Response:
        """The API's own answer, with its effect. With another query if one is given."""
        request = self.request if query is None else replace(self.request, query=query)
        with self.store.transaction():
            if self.over.is_set():  # a reset is one transaction too, so it cannot come in between
                raise Over
            response: Response = self.api.answer(request, self.store)
            return response

    def work_if_told(self) -> None:
        if self.given["effect"]:
            self.work()

    def pause(self, seconds: float) -> None:
        if self.over.wait(seconds):
            raise Over

    def refusal(self, status: int, message: str) -> Response:
        """A failure in the API's own form."""
        response: Response = self.api.failure(status, message)
        return response


def read_answer(response: Response) -> Any:
    """The JSON of an answer, or the text of one that is none."""
    text = response.body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def with_body(response: Response, body: bytes) -> Response:
    return replace(response, body=body)


def with_json(response: Response, value: Any) -> Response:
    return with_body(response, write_json(value))


def with_headers(response: Response, **headers: str) -> Response:
    """Content_Type stands for Content-Type."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(response, headers={**response.headers, **more})
