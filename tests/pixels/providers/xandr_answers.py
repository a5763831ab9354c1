"""Xandr's answers, in short: a session, a page of pixels, a refusal; and what it was asked."""

from typing import Any

from tests.pixels.providers.loopback import Behaviour, Loopback, says

LOGGED_IN = says({"response": {"status": "OK", "token": "hbapi:1:new:nym2", "dbg_info": {"output_term": "not_found"}}})
CREATED = says({"response": {"status": "OK", "id": 17}})


def failing(error_id: str, status: int = 200, error: str = "No.", **more: Any) -> Behaviour:
    body = {"error_id": error_id, "error": error, "error_description": None, "error_code": None, **more}
    return says({"response": {**body, "dbg_info": {"output_term": "not_found"}}}, status)


def paths(loopback: Loopback) -> list[str]:
    return [f"{request.method} {request.path}" for request in loopback.received]


def pixel(number: Any, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": f"Pixel {number}", "advertiser_id": 2, "code": f"ph-{number}", **more}


def page(*numbers: int, count: Any = None, **more: Any) -> Behaviour:
    return says({"response": {"status": "OK", "pixels": [pixel(n) for n in numbers], "count": count, **more}})
