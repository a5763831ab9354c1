"""What surrounds every answer of Xandr: as in the document's sample of 2018 or, by a switch, in those of 2010."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .wire import write_json

VERSION = "1.18.651"  # the sample's
PAGE = 100  # the default and the silent maximum of num_elements

NO_DATA = "not_found"  # recorded: what output_term says where the answer holds no object
# inferred: every error recorded in 2017 came with 200; what is sent today nobody has written down
REFUSAL_STATUS = 200
UNREADABLE_STATUS = 400  # inferred: an empty POST to the live /auth got 400 in 2026

KEYS_2010 = (
    "id",
    "code",
    "name",
    "state",
    "campaigns",
    "line_items",
    "trigger_type",
    "min_minutes_per_conv",
    "post_view_expire_mins",
    "post_click_expire_mins",
    "post_click_value",
    "post_view_value",
    "piggyback_pixels",
    "created_on",
    "last_modified",
    "advertiser_id",
)

Body = dict[str, Any]


class Refused(Exception):
    """An error for the caller: error_id is one of the documented ones."""

    def __init__(
        self,
        text: str,
        *,
        error_id: str = "SYNTAX",
        error_code: str | None = None,
        description: str | None = None,
        status: int = REFUSAL_STATUS,
        headers: Mapping[str, str] | None = None,
        empty: bool = False,
    ) -> None:
        super().__init__(text)
        self.text, self.error_id, self.error_code, self.description = text, error_id, error_code, description
        self.status, self.headers = status, headers or {}
        self.empty = empty  # recorded: "resource not found" carries the paging keys of an empty answer


@dataclass(frozen=True, kw_only=True)
class Envelope:
    service: str
    method: str
    form_2010: bool = False

    def one(self, item: Body, term: str = "pixel", *, asked: int | None = None) -> Body:
        """One object that was asked for by its id or code; `term` is the key it stands under.

        Recorded: num_elements repeats what was asked for.
        """
        if self.form_2010 and term == "pixel":
            return _response(status="OK", pixels=[_as_2010(item)])
        return _response(
            count=1,
            dbg_info=_debug(term),
            num_elements=asked or PAGE,
            **{term: item},
            start_element=0,
            status="OK",
        )

    def many(
        self, items: list[Body], *, count: int, start: int | None, asked: int | None, term: str = "pixels"
    ) -> Body:
        """A page. Recorded: it repeats the paging that was asked for, not the number of rows."""
        if self.form_2010 and term == "pixels":
            rows = [_as_2010(item) for item in items]
            return _response(status="OK", pixels=rows, count=count, start_element=start, num_elements=asked)
        return _response(
            count=count,
            dbg_info=_debug(term),
            num_elements=PAGE if asked is None else asked,
            **{term: items},
            start_element=start or 0,
            status="OK",
        )

    def many_texts(self, texts: Iterable[str], *, count: int, start: int | None, asked: int | None) -> bytes:
        """A page of pixels that are JSON already, as the bytes that `many` would come to."""
        empty = write_json(self.many([], count=count, start=start, asked=asked)).decode()
        head, term, tail = empty.partition('"pixels":[')
        return f"{head}{term}{','.join(texts)}{tail}".encode()

    def written(self, pixel: Body, warnings: list[str], *, id_as_text: bool) -> Body:
        """After POST the id is a number, after PUT a string: the sample's, and recorded."""
        # inferred for a PUT of 2010, of which there is no sample: the answer of the POST, with the number
        if self.form_2010:
            return _response(status="OK", id=pixel["id"])
        return _response(
            count=1,
            dbg_info=_debug("pixel", warnings),
            id=str(pixel["id"]) if id_as_text else pixel["id"],
            num_elements=PAGE,
            pixel=pixel,
            start_element=0,
            status="OK",
        )

    def deleted(self) -> Body:
        # inferred: no sample; recorded of sister services, some with null paging. Numbers, as in all of
        # this form
        if self.form_2010:
            return _response(status="OK")
        return _response(count=1, dbg_info=_debug(NO_DATA), num_elements=PAGE, start_element=0, status="OK")

    def fields(self, fields: list[Body]) -> Body:
        if self.form_2010:
            return _response(status="OK", fields=fields)
        return _response(dbg_info=_debug("fields"), fields=fields, status="OK")

    def token(self, token: str) -> Body:
        return _response(status="OK", token=token, **self._no_data())

    def other(self, **keys: Any) -> Body:
        """Of the services that answer neither with an object nor with a list."""
        return _response(status="OK", **keys, **self._no_data())

    def refused(self, refused: Refused) -> Body:
        paging = {"count": 0, "start_element": 0, "num_elements": PAGE} if refused.empty else {}
        codes = {"error_code": refused.error_code, "error_description": refused.description}
        return self.error(refused.error_id, refused.text, **codes, **paging)

    def error(self, error_id: str, text: str, **more: Any) -> Body:
        """Without `status`: recorded, and the document of /auth shows it so."""
        keys = {
            "error_id": error_id,
            "error": text,
            "error_description": None,
            "service": self.service or None,
            "method": self.method or None,
            "error_code": None,
        }
        return _response(**{**keys, **more}, **self._no_data())

    def _no_data(self) -> Body:
        return {} if self.form_2010 else {"dbg_info": _debug(NO_DATA)}


def _response(**keys: Any) -> Body:
    return {"response": keys}


def _debug(output_term: str, warnings: list[str] | None = None) -> Body:
    return {"output_term": output_term, "version": VERSION, "warnings": warnings or []}


def _as_2010(pixel: Body) -> Body:
    return {key: pixel[key] for key in KEYS_2010 if key in pixel}  # `fields` may have left some out
