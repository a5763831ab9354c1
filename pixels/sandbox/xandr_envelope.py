"""What goes around every Xandr answer: as in the document's sample of 2018 or, switched, in those of 2010."""

from dataclasses import dataclass
from typing import Any

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
        self, text: str, *, error_id: str = "SYNTAX", status: int = REFUSAL_STATUS, empty: bool = False
    ) -> None:
        super().__init__(text)
        self.text, self.error_id, self.status = text, error_id, status
        self.empty = empty  # recorded: "resource not found" carries the paging keys of an empty answer


@dataclass(frozen=True, kw_only=True)
class Envelope:
    service: str
    method: str
    form_2010: bool = False

    def one(self, pixel: Body) -> Body:
        """One pixel that was asked for by its id or code."""
        if self.form_2010:
            return _response(status="OK", pixels=[_as_2010(pixel)])
        return _response(
            count=1, dbg_info=_debug("pixel"), num_elements=PAGE, pixel=pixel, start_element=0, status="OK"
        )

    def many(self, pixels: list[Body], *, count: int, start: int | None, asked: int | None) -> Body:
        """A page. Recorded: it repeats the paging that was asked for, not the number of rows."""
        if self.form_2010:
            rows = [_as_2010(pixel) for pixel in pixels]
            return _response(status="OK", pixels=rows, count=count, start_element=start, num_elements=asked)
        return _response(
            count=count,
            dbg_info=_debug("pixels"),
            num_elements=PAGE if asked is None else asked,
            pixels=pixels,
            start_element=start or 0,
            status="OK",
        )

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

    def refused(self, refused: Refused) -> Body:
        paging = {"count": 0, "start_element": 0, "num_elements": PAGE} if refused.empty else {}
        return self.error(refused.error_id, refused.text, **paging)

    def error(self, error_id: str, text: str, **more: Any) -> Body:
        """Without `status`: recorded, and the document of /auth shows it so."""
        return _response(
            error_id=error_id,
            error=text,
            error_description=None,
            service=self.service or None,
            method=self.method or None,
            error_code=None,
            **more,
            **self._no_data(),
        )

    def _no_data(self) -> Body:
        return {} if self.form_2010 else {"dbg_info": _debug(NO_DATA)}


def _response(**keys: Any) -> Body:
    return {"response": keys}


def _debug(output_term: str, warnings: list[str] | None = None) -> Body:
    return {"output_term": output_term, "version": VERSION, "warnings": warnings or []}


def _as_2010(pixel: Body) -> Body:
    return {key: pixel[key] for key in KEYS_2010}
