"""Fourth's stand-in: five calls on one list."""

from typing import Any

from pixels.sandbox.store import Store
from pixels.sandbox.wire import Request, Response, json_response, read_json

SLUG = "fourth"
KEY = "fourth-key"
OPERATIONS = ("create", "delete", "list", "read", "update")


def operation(request: Request) -> str:
    one = request.path != "/beacons"
    return {"GET": "read" if one else "list", "POST": "create", "PUT": "update", "DELETE": "delete"}[request.method]


def failure(status: int, message: str) -> Response:
    return json_response({"wrong": message}, status=status)


def answer(request: Request, store: Store) -> Response:
    if request.headers.get("x-fourth-key") != KEY:
        return failure(401, "Who are you?")
    garden, asked = request.query["garden"], operation(request)
    beacons = store.objects(SLUG, account=garden)
    if asked == "list":
        return json_response(beacons)
    if asked == "create":
        beacon = {**read_json(request.body), "id": f"b{store.next_id(SLUG, 1)}"}
        store.count("objects", SLUG, "created")
    else:
        found = [one for one in beacons if f"/beacons/{one['id']}" == request.path]
        if not found:
            return failure(404, "No such beacon")
        (beacon,) = found
    if asked == "delete":
        store.delete(SLUG, beacon["id"])
        return Response(status=204)
    if asked == "update":
        beacon = {**beacon, **read_json(request.body)}
    if asked in ("create", "update"):
        store.put(SLUG, garden, beacon["id"], beacon)
    return json_response(beacon)


def seed(body: dict[str, Any], store: Store) -> None:
    for beacon in body["objects"]:
        store.put(SLUG, body["garden"], beacon["id"], beacon)
