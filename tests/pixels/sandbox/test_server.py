"""The server itself: broken requests, kept connections, many at once, starting and stopping."""

import ast
import http.client
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

import pixels.sandbox
from pixels.sandbox import easyflow as easyflow_module
from pixels.sandbox.server import CannotServe, SandboxServer, serve
from pixels.sandbox.store import Store

ROOT = Path(pixels.sandbox.__file__).parents[2]

APIS = [
    ("/easyflow/pixels", lambda body: body["message"]),
    ("/pitchtarget/offsitepixels", lambda body: body["error"]),
    ("/xandr/pixel", lambda body: body["response"]["error"]),
    ("/_sandbox/reset", lambda body: body["error"]),
]


def raw(server, text):
    """What comes back for these very bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(text)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(("path", "sentence"), APIS)
def test_a_body_over_a_mebibyte_is_refused_in_the_apis_own_words(sandbox, path, sentence):
    answer = requests.post(sandbox.url + path, data=b"x" * (3 * 1024 * 1024), timeout=10)
    assert answer.status_code == 413
    assert sentence(answer.json())


@pytest.mark.parametrize(("path", "sentence"), APIS)
def test_a_body_without_a_length_is_refused_in_the_apis_own_words(sandbox, path, sentence):
    answer = requests.post(sandbox.url + path, data=iter([b"{", b"}"]), timeout=10)
    assert answer.status_code == 411
    assert sentence(answer.json())


@pytest.mark.parametrize("length", [b"-1", b"x", b"1_0", b"99999999999999999999999"])
def test_a_length_that_is_none_is_refused(sandbox, length):
    text = b"POST /easyflow/pixels HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length + b"\r\n\r\n"
    answer = raw(sandbox, text)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))
    assert b'"statusCode"' in answer


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"BREW /xandr/pixel HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"GET //[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_an_error_in_json_and_no_traceback(sandbox, text, capfd):
    answer = raw(sandbox, text)
    assert answer.endswith(b"}")
    assert b'{"error":' in answer
    assert "Traceback" not in capfd.readouterr().err


def test_a_seed_may_be_larger_and_has_an_end_too(sandbox):
    some = [{"id": number, "advertiser_id": 2, "name": "x" * 1000} for number in range(1, 3001)]
    answer = requests.post(f"{sandbox.url}/_sandbox/seed", json={"provider": "xandr", "objects": some}, timeout=60)
    assert (answer.status_code, answer.json()) == (200, {"held": 3000})
    head = b"POST /_sandbox/seed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 16777217\r\n\r\n"
    assert raw(sandbox, head).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_away_in_the_middle_disturbs_nobody(sandbox, easyflow, capfd):
    head = b"POST /easyflow/pixels HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(head)
    assert easyflow("POST", "/pixels", json={}).status_code == 400
    assert "Traceback" not in capfd.readouterr().err


def test_a_client_that_waits_for_100_continue_gets_it(sandbox):
    head = b"POST /easyflow/pixels HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    head += b"Expect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"{}")
        assert connection.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_a_connection_is_kept_for_many_requests(sandbox):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    connection.connect()
    own = connection.sock
    for _ in range(3):
        connection.request("POST", "/easyflow/pixels", body=b"{}")
        assert connection.getresponse().read()
        assert connection.sock is own
    connection.request("HEAD", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    assert connection.sock is own
    connection.close()


def test_of_many_equal_names_at_once_one_is_made(pitchtarget, control, monkeypatch):
    next_id = Store.next_id

    def slow_next_id(*arguments):  # between the check of the name and the write
        time.sleep(0.05)
        return next_id(*arguments)

    monkeypatch.setattr(Store, "next_id", slow_next_id)
    data = {"fb_ad_account_id": "9", "name": "Shoes", "tag": "CHECKOUT"}
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: pitchtarget("POST", "/offsitepixels", data=data), range(40)))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 39
    assert control("GET", "/requests").json()["requests"]["pitchtarget"] == {"create": 40}


def test_a_bug_is_a_500_in_the_apis_own_words_and_changes_nothing(easyflow, control, monkeypatch, caplog):
    create = easyflow_module._create
    monkeypatch.setattr(easyflow_module, "_create", lambda *given: create(*given)["secret text"])
    body = {"name": "P", "ownerId": "sandbox-owner", "externalReferenceId": "1", "platform": "meta"}
    answer = easyflow("POST", "/pixels", json={**body, "events": ["pix-copied"]})
    assert answer.status_code == 500
    assert answer.json() == {
        "message": "Internal server error",
        "error": "Internal Server Error",
        "statusCode": 500,
    }
    counts = control("GET", "/requests").json()
    assert counts["answers"]["easyflow"] == {"create 500": 1}
    assert (counts["held"]["easyflow"], counts["objects"]) == (0, {})
    assert "secret text" not in caplog.text


def test_the_log_has_method_path_and_status_and_nothing_that_was_sent(sandbox, caplog):
    caplog.set_level(logging.INFO, logger="pixels.sandbox")
    body = {"auth": {"username": "sandbox", "password": "hunter2"}}
    requests.post(f"{sandbox.url}/xandr/auth?token=hunter3", json=body, timeout=10)
    headers = {"Authorization": "OAuth hunter4", "x-api-secret": "hunter5"}
    requests.get(f"{sandbox.url}/pitchtarget/offsitepixels", headers=headers, timeout=10)
    sandbox.stop()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["POST /xandr/auth 200", "GET /pitchtarget/offsitepixels 401"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::", ""])
def test_only_a_loopback_address_is_served(host):
    with pytest.raises(CannotServe, match="this machine only"):
        SandboxServer(host=host)


def test_a_taken_port_is_one_sentence(sandbox, tmp_path):
    with pytest.raises(CannotServe, match=f"Port {sandbox.port} on 127.0.0.1 is taken"):
        serve("127.0.0.1", sandbox.port, tmp_path / "other.sqlite3")


def test_a_stopped_server_answers_nobody_even_on_a_kept_connection(sandbox):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    sandbox.stop()
    connection.auto_open = 0
    with pytest.raises((http.client.HTTPException, OSError)):
        _ask_again(connection)
    with pytest.raises(requests.ConnectionError):
        requests.get(sandbox.url, timeout=2)


def _ask_again(connection):
    connection.request("GET", "/")
    connection.getresponse()


def test_serve_starts_in_the_form_it_is_told(tmp_path):
    with_switch = serve("127.0.0.1", 0, tmp_path / "state.sqlite3", xandr_2010=True)
    try:
        assert with_switch.store.switch("xandr_2010") is True
    finally:
        with_switch.stop()


def test_the_sandbox_shares_no_code_with_the_rest():
    """A misreading of a document in the clients must not be repeated here by import."""
    allowed = {*sys.stdlib_module_names, "cryptography"}  # signatures are nothing to write by oneself
    for file in Path(pixels.sandbox.__file__).parent.glob("**/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                assert not (isinstance(node, ast.ImportFrom) and node.level > 1), file
                continue
            assert all(name.partition(".")[0] in allowed for name in names), file


# The command


@pytest.fixture
def command(tmp_path):
    """`manage.py sandbox` as a process of its own."""
    started = []

    def start(*arguments):
        state = ["--state", str(tmp_path / "command.sqlite3")]
        process = subprocess.Popen(
            [sys.executable, "manage.py", "sandbox", *state, *arguments],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_the_members_and_stops_cleanly(command, number):
    process = command("--port", "0")
    url = re.fullmatch(r"Sandbox on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())[1]
    members = "".join(process.stdout.readline() for _ in range(3))
    assert requests.get(url, timeout=10).status_code == 200

    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 0
    for member in ("sandbox-key", "sandbox-secret", "sandbox-token", "adv-8"):
        assert member in members
    assert err == "sandbox: GET / 200\n"


def test_the_command_says_that_the_port_is_taken(command, sandbox):
    process = command("--port", str(sandbox.port))
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"Port {sandbox.port} on 127.0.0.1 is taken" in err
    assert "Traceback" not in err
    assert out == ""


def test_the_command_refuses_other_addresses(command):
    process = command("--host", "0.0.0.0")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "this machine only" in err
