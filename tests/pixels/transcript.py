"""Conversations with the sandbox: recorded once, then replayed by a loopback server.

To record them anew, after an intended change of what is sent or answered:

RECORD_TRANSCRIPTS=1 pytest tests/pixels/test_transcripts.py

and read the difference: it shows what is now sent to a provider differently.
"""

import http.client
import json
import os
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests.pixels.providers.loopback import Behaviour, Loopback, Received, raw, says

FOLDER = Path(__file__).parent / "transcripts"
RECORDING = os.environ.get("RECORD_TRANSCRIPTS") == "1"

SENT = ("authorization", "x-api-key", "x-api-secret", "content-type", "accept")  # headers a provider looks at
NOT_KEPT = {"date", "server", "content-length", "connection"}  # headers of an answer, made anew when it is replayed
TOKENS = ("token", "access_token")  # keys of an answer whose value is a session: kept under another name


class Recorder(Loopback):
    """Passes every request on to the sandbox, and stores both sides."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.answers: list[dict[str, Any]] = []
        self._host = urlsplit(url).netloc
        self.script = [self._hand_on]

    def _hand_on(self, connection: socket.socket) -> None:
        request = self.received[-1]
        there = http.client.HTTPConnection(self._host, timeout=10)
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "connection")}
        there.request(request.method, request.target, request.body or None, headers)
        answer = there.getresponse()
        body = answer.read()
        there.close()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in NOT_KEPT}
        self.answers.append({"status": answer.status, "headers": kept, "body": body.decode()})
        connection.sendall(raw(answer.status, body, kept))

    def exchanges(self) -> list[dict[str, Any]]:
        """What was said, with a made-up name in place of each session."""
        text = json.dumps([{"request": sent(one)} for one in self.received])
        said = json.dumps(self.answers)
        for number, token in enumerate(dict.fromkeys(t for one in self.answers for t in _tokens(one["body"])), 1):
            for spelt in (token, quote(token)):  # in a cookie it is quoted
                text, said = (whole.replace(spelt, f"recorded-session-{number}") for whole in (text, said))
        return [{**one, "answer": answer} for one, answer in zip(json.loads(text), json.loads(said), strict=True)]


def sent(request: Received) -> dict[str, Any]:
    """A request, as far as a provider looks at it: in JSON the order of the keys means nothing."""
    headers = {name: request.headers[name] for name in SENT if name in request.headers}
    body = request.json() if headers.get("content-type") == "application/json" else request.body.decode()
    target = re.sub(r"(?<=min_last_modified=)[^&]*", "a-day-before", request.target)  # each day another
    return {"method": request.method, "target": target, "headers": headers, "body": body}


def replay(exchanges: list[dict[str, Any]]) -> list[Behaviour]:
    answers = (one["answer"] for one in exchanges)
    return [says(answer["body"], answer["status"], answer["headers"]) for answer in answers]


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def write(name: str, exchanges: list[dict[str, Any]], result: Any) -> None:
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps({"exchanges": exchanges, "result": result}, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n")


def _tokens(body: str) -> list[str]:
    try:
        found = json.loads(body)
    except ValueError:
        return []
    inner = found.get("response", found) if isinstance(found, dict) else {}
    return [inner[key] for key in TOKENS if isinstance(inner, dict) and isinstance(inner.get(key), str)]
