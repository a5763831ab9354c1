"""Each fault of one answer, at every provider: what arrives on the wire, and whether the object exists."""

import gzip
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from pixels.sandbox.server import SandboxServer
from tests.pixels.sandbox.conftest import until

PROVIDERS = ("easyflow", "pitchtarget", "xandr")
EASYFLOW = {
    "name": "Purchase",
    "ownerId": "sandbox-owner",
    "externalReferenceId": "ph-1",
    "platform": "meta",
    "events": ["purchase-completed"],
}
PITCHTARGET = {"fb_ad_account_id": "9", "name": "Shoes", "tag": "CHECKOUT"}
MIB = 1024 * 1024


@dataclass
class Wire:
    """What came until the server closed."""

    raw: bytes
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def __post_init__(self) -> None:
        head, end, self.body = self.raw.partition(b"\r\n\r\n")
        if end:
            first, *lines = head.decode("latin-1").split("\r\n")
            self.status = int(first.split(" ")[1])
            self.headers = [(name.lower(), value) for name, value in (line.split(": ", 1) for line in lines)]

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    @property
    def announced(self) -> int:
        return int(self.header("content-length") or -1)

    def json(self) -> Any:
        return json.loads(self.body)


class Create:
    """The creation of one object as bytes; Xandr's with a token that was got before the fault is set."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server

    def connect(self, provider: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
        connection.sendall(self._bytes(provider))
        return connection

    def __call__(self, provider: str) -> Wire:
        with self.connect(provider) as connection:
            return Wire(read_all(connection))

    def _bytes(self, provider: str) -> bytes:
        if provider == "easyflow":
            path, body = "/pixels", json.dumps(EASYFLOW)
            headers = {"x-api-key": "sandbox-key", "x-api-secret": "sandbox-secret"}
        elif provider == "pitchtarget":
            path, body = "/offsitepixels", urlencode(PITCHTARGET)
            headers = {"Authorization": "OAuth sandbox-token"}
        else:
            path, body = "/pixel?advertiser_id=2", '{"pixel": {"name": "Purchase"}}'
            headers = {"Authorization": self._token()}
        kind = "x-www-form-urlencoded" if provider == "pitchtarget" else "json"
        headers |= {"Host": "localhost", "Content-Type": f"application/{kind}", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "Connection": "close"}.items())
        return f"POST /{provider}{path} HTTP/1.1\r\n{lines}\r\n{body}".encode()

    def _token(self) -> str:
        body = {"auth": {"username": "sandbox", "password": "sandbox"}}
        answer = requests.post(f"{self.server.url}/xandr/auth", json=body, timeout=10)
        return str(answer.json()["response"]["token"])


@pytest.fixture
def create(sandbox: SandboxServer) -> Create:
    return Create(sandbox)


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def id_in(value: Any) -> Any:
    """The id of the made object, in whichever form the provider answers."""
    if isinstance(value, dict):
        found = [value["id"]] if "id" in value else [id_in(inner) for inner in value.values()]
        return next((one for one in found if one), None)
    return None


def whole(wire: Wire, provider: str) -> bool:
    return wire.status == 200 and wire.announced == len(wire.body) and bool(id_in(wire.json()))


def nothing(wire: Wire, provider: str) -> bool:
    return wire.raw == b""


def own_error(code: int) -> Callable[[Wire, str], bool]:
    def check(wire: Wire, provider: str) -> bool:
        forms = {
            "easyflow": lambda body: set(body) == {"message", "error", "statusCode"},
            "pitchtarget": lambda body: set(body) == {"error"},
            "xandr": lambda body: {"error_id", "error"} <= set(body["response"]) and "status" not in body["response"],
        }
        return wire.status == code and forms[provider](wire.json())

    return check


def page(wire: Wire, provider: str) -> bool:
    return (
        wire.status == 502
        and (wire.header("content-type") or "").startswith("text/html")
        and wire.body.startswith(b"<html>")
    )


def empty(code: int) -> Callable[[Wire, str], bool]:
    return lambda wire, provider: (wire.status, wire.announced, wire.body) == (code, 0, b"")


def envelope_in_200(wire: Wire, provider: str) -> bool:
    body = wire.json()
    if provider == "xandr":
        inner = body["response"]
        words = (inner["error_id"], inner["error_code"], inner["error"])
        return wire.status == 200 and words == ("LIMIT", "TOO_MUCH", "Full") and "status" not in inner
    expected = {
        "easyflow": {"message": "Full", "error": "Forbidden", "statusCode": 403},
        "pitchtarget": {"errors": {"base": ["Full"]}},
    }
    return wire.status == 200 and body == expected[provider]


def redirected(code: int) -> Callable[[Wire, str], bool]:
    where = "http://127.0.0.1:9/elsewhere"
    return lambda wire, provider: (wire.status, wire.header("location"), wire.body) == (code, where, b"")


def cut(length: int | None) -> Callable[[Wire, str], bool]:
    """Fewer bytes than are announced."""
    return lambda wire, provider: len(wire.body) == (wire.announced // 2 if length is None else length)


def truncated(wire: Wire, provider: str) -> bool:
    return wire.announced == len(wire.body) > 0 and not is_json(wire.body)


def is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def is_value(value: Any) -> Callable[[Wire, str], bool]:
    return lambda wire, provider: wire.status == 200 and wire.json() == value and type(wire.json()) is type(value)


def listed(wire: Wire, provider: str) -> bool:
    return isinstance(wire.json(), list) and bool(id_in(wire.json()[0]))


def in_object(wire: Wire, provider: str) -> bool:
    return list(wire.json()) == ["answer"] and bool(id_in(wire.json()["answer"]))


def deep(wire: Wire, provider: str) -> bool:
    inner, depth = wire.json()["more"], 0
    while isinstance(inner, list):
        inner, depth = (inner or [None])[0], depth + 1
    return depth == 200 and bool(id_in(wire.json()))


def huge(announced: bool) -> Callable[[Wire, str], bool]:
    def check(wire: Wire, provider: str) -> bool:
        length = 3 * MIB if announced else -1
        return wire.announced == length and len(wire.body) == 3 * MIB and bool(id_in(wire.json()))

    return check


def bomb(wire: Wire, provider: str) -> bool:
    inner = gzip.decompress(wire.body)
    small = wire.announced == len(wire.body) < MIB // 10
    return (
        small and wire.header("content-encoding") == "gzip" and len(inner) == 3 * MIB and bool(id_in(json.loads(inner)))
    )


def says_packed(name: str) -> Callable[[Wire, str], bool]:
    return lambda wire, provider: whole(wire, provider) and wire.header("content-encoding") == name


def called(name: str) -> Callable[[Wire, str], bool]:
    return lambda wire, provider: whole(wire, provider) and wire.header("content-type") == name


def marked(wire: Wire, provider: str) -> bool:
    return wire.body[:4] == b"\xef\xbb\xbf{" and bool(id_in(json.loads(wire.body[3:])))


def utf_16(wire: Wire, provider: str) -> bool:
    declared = (wire.header("content-type") or "").endswith("charset=utf-8")
    return declared and bool(id_in(json.loads(wire.body.decode("utf-16"))))


def without_id(wire: Wire, provider: str) -> bool:
    return wire.status == 200 and b'"id"' not in wire.body and is_json(wire.body)


def quoting(wire: Wire, provider: str) -> bool:
    secret = {"easyflow": b"sandbox-secret", "pitchtarget": b"OAuth sandbox-token", "xandr": b"authorization: hbapi"}
    name = b"Shoes" if provider == "pitchtarget" else b"Purchase"
    return wire.status == 422 and secret[provider] in wire.body and name in wire.body


CASES: list[tuple[str, dict[str, Any], int, Callable[[Wire, str], bool]]] = [
    ("delay_before", {"seconds": 0.01}, 1, whole),
    ("delay_after", {"seconds": 0.01}, 1, whole),
    ("drip_headers", {"seconds": 0.0001}, 1, whole),
    ("drip_body", {"seconds": 0.0001}, 1, whole),
    ("drop", {}, 0, nothing),
    ("drop", {"effect": True}, 1, nothing),
    ("cut_off", {}, 1, cut(None)),
    ("cut_off", {"bytes": 0}, 1, cut(0)),
    ("cut_off", {"bytes": 7}, 1, cut(7)),
    ("status", {}, 0, own_error(500)),
    ("status", {"effect": True}, 1, own_error(500)),
    ("status", {"code": 422}, 0, own_error(422)),
    ("status", {"code": 502, "body": "html", "effect": True}, 1, page),
    ("status", {"code": 504, "body": "empty"}, 0, empty(504)),
    ("status", {"code": 999, "body": "empty"}, 0, empty(999)),
    (
        "error_in_200",
        {"error_id": "LIMIT", "error_code": "TOO_MUCH", "status_code": 403, "message": "Full"},
        0,
        envelope_in_200,
    ),
    (
        "error_in_200",
        {"error_id": "LIMIT", "error_code": "TOO_MUCH", "status_code": 403, "message": "Full", "effect": True},
        1,
        envelope_in_200,
    ),
    ("redirect", {"to": "http://127.0.0.1:9/elsewhere"}, 0, redirected(302)),
    ("redirect", {"to": "http://127.0.0.1:9/elsewhere", "code": 303, "effect": True}, 1, redirected(303)),
    ("echo", {"code": 422}, 0, quoting),
    ("truncated_json", {}, 1, truncated),
    ("truncated_json", {"bytes": 1}, 1, truncated),
    ("wrong_type", {}, 1, listed),
    ("wrong_type", {"type": "object"}, 1, in_object),
    ("wrong_type", {"type": "empty_object"}, 1, is_value({})),
    ("wrong_type", {"type": "text"}, 1, is_value("done")),
    ("wrong_type", {"type": "number"}, 1, is_value(1)),
    ("wrong_type", {"type": "true"}, 1, is_value(True)),
    ("wrong_type", {"type": "null"}, 1, is_value(None)),
    ("missing_id", {}, 1, without_id),
    ("deep_json", {"depth": 200}, 1, deep),
    ("huge_body", {"bytes": 3 * MIB}, 1, huge(True)),
    ("huge_body", {"bytes": 3 * MIB, "announced": False}, 1, huge(False)),
    ("zip_bomb", {"bytes": 3 * MIB}, 1, bomb),
    ("false_encoding", {}, 1, says_packed("gzip")),
    ("false_encoding", {"encoding": "br"}, 1, says_packed("br")),
    ("wrong_content_type", {}, 1, called("text/html; charset=utf-8")),
    ("wrong_content_type", {"content_type": "application/octet-stream"}, 1, called("application/octet-stream")),
    ("byte_order_mark", {}, 1, marked),
    ("wrong_charset", {}, 1, utf_16),
]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    ("name", "given", "effect", "arrives"), CASES, ids=[f"{name} {json.dumps(given)}" for name, given, _, _ in CASES]
)
def test_what_arrives_and_whether_the_object_exists(name, given, effect, arrives, provider, create, fault, happened):
    fault(provider, name, "create", **given)

    wire = create(provider)

    assert arrives(wire, provider), wire.raw[:2000]
    outcome = "no answer" if wire.status is None else str(wire.status)
    assert happened("requests", provider)["create"] == 1
    assert happened("answers", provider)[f"create {outcome}"] == 1
    assert happened("faults", provider) == {f"create {name}": 1}
    assert happened("objects", provider) == ({"created": 1} if effect else {})


@pytest.mark.parametrize("effect", [False, True])
def test_a_broken_connection_is_a_reset(effect, create, fault, happened):
    fault("easyflow", "drop", reset=True, effect=effect)
    with create.connect("easyflow") as connection, pytest.raises(ConnectionResetError):
        read_all(connection)
    assert happened("objects", "easyflow") == ({"created": 1} if effect else {})


def test_a_status_that_has_no_body_gets_none(create, fault):
    fault("easyflow", "status", code=204)
    assert create("easyflow").body == b""


def test_the_gateway_speaks_for_itself(create, fault, happened):
    fault("easyflow", "gateway")
    fault("easyflow", "gateway", code=429)
    answers = [create("easyflow") for _ in range(2)]
    assert [(wire.status, wire.json()) for wire in answers] == [
        (403, {"message": "Forbidden"}),
        (429, {"message": "Too Many Requests"}),
    ]
    assert happened("objects", "easyflow") == {}


def test_a_long_delay_before_has_no_effect_yet(create, fault, happened):
    fault("easyflow", "delay_before", seconds=3600)
    with create.connect("easyflow"):
        until(lambda: happened("requests", "easyflow") == {"create": 1})
        assert happened("objects", "easyflow") == {}
        assert happened("answers", "easyflow") == {}


def test_a_long_delay_after_has_its_effect_before_the_answer(create, fault, happened):
    fault("easyflow", "delay_after", seconds=3600)
    with create.connect("easyflow") as connection:
        until(lambda: happened("objects", "easyflow") == {"created": 1})
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)


@pytest.mark.parametrize(("name", "comes"), [("drip_headers", b""), ("drip_body", b"{")])
def test_a_drip_stops_after_each_byte(name, comes, create, fault, happened):
    fault("easyflow", name, seconds=3600)
    with create.connect("easyflow") as connection:
        got = connection.recv(1)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            while part := connection.recv(65536):
                got += part
    assert got == b"H" if name == "drip_headers" else got.endswith(b"\r\n\r\n" + comes)
    assert happened("objects", "easyflow") == {"created": 1}


def test_a_slow_answer_keeps_nobody_else_waiting(create, fault, happened):
    for name in ("delay_before", "delay_after", "drip_headers", "drip_body"):
        fault("easyflow", name, seconds=3600)
    waiting = [create.connect("easyflow") for _ in range(4)]
    until(lambda: happened("requests", "easyflow") == {"create": 4})
    assert create("easyflow").status == 200
    assert create("pitchtarget").status == 200
    for connection in waiting:
        connection.close()


def test_a_late_effect_comes_after_the_answer_was_lost(create, fault, happened, control):
    fault("xandr", "late_effect", "create", seconds=0.2)
    wire = create("xandr")
    assert wire.raw == b""
    until(lambda: control("GET", "/faults").json()["late"] == 0)
    assert happened("objects", "xandr") == {"created": 1}
    assert happened("answers", "xandr")["create no answer"] == 1


def test_a_late_effect_that_is_still_to_come_is_not_counted_yet(create, fault, happened, control):
    fault("xandr", "late_effect", "create", seconds=3600)
    create("xandr")
    assert control("GET", "/faults").json()["late"] == 1
    assert happened("objects", "xandr") == {}


def test_a_huge_body_is_not_held_in_memory(create, fault):
    fault("easyflow", "huge_body", bytes=1024 * MIB)
    with create.connect("easyflow") as connection:
        assert len(connection.recv(65536)) > 0  # the rest is never made
