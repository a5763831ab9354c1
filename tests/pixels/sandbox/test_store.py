"""The state file."""

import http.client
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import requests

from pixels.sandbox.server import SandboxServer
from tests.pixels.sandbox.conftest import until

LOG_IN = {"auth": {"username": "sandbox", "password": "sandbox"}}


def log_in(server):
    answer = requests.post(f"{server.url}/xandr/auth", json=LOG_IN, timeout=10)
    return {"Authorization": answer.json()["response"]["token"]}


def counted(server, what="requests"):
    return requests.get(f"{server.url}/_sandbox/requests", timeout=10).json()[what].get("xandr", {})


def test_a_state_file_of_an_older_sandbox_keeps_its_objects_and_loses_its_sessions(tmp_path):
    path = tmp_path / "sandbox.sqlite3"
    pixel = {"id": 17, "advertiser_id": 2, "name": "Kept"}
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE sessions (token TEXT PRIMARY KEY, issued REAL NOT NULL)")
        old.execute("INSERT INTO sessions VALUES ('old', 1)")
        old.execute(
            "CREATE TABLE objects (seq INTEGER PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL,"
            " remote_id TEXT NOT NULL, account TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (provider, kind, remote_id))"
        )
        old.execute("INSERT INTO objects VALUES (1, 'xandr', 'pixel', '17', '2', ?)", [json.dumps(pixel)])
    old.close()

    with SandboxServer(path) as server:
        stale = requests.get(f"{server.url}/xandr/pixel", headers={"Authorization": "old"}, timeout=10)
        body = {"auth": {"username": "sandbox", "password": "sandbox"}}
        token = requests.post(f"{server.url}/xandr/auth", json=body, timeout=10).json()["response"]["token"]
    assert stale.status_code == 401

    with SandboxServer(path) as again:  # and what the newer one wrote, it keeps
        answer = requests.get(f"{again.url}/xandr/pixel", headers={"Authorization": token}, timeout=10)
    assert [row["name"] for row in answer.json()["response"]["pixels"]] == ["Kept"]


def test_a_reset_forgets_keys_reports_advertisers_and_fires(xandr_as, control):
    xandr = xandr_as("sandbox")
    fields = {"report_type": "pixel_fired", "columns": ["pixel_id"]}
    report_id = xandr("POST", "/report", json={"report": fields}).json()["response"]["report_id"]
    control("POST", "/seed", json={"provider": "xandr", "advertisers": [{"id": 5, "name": "Five"}]})
    control("POST", "/switch", json={"xandr_logins": 1})
    xandr_as("sandbox")

    control("POST", "/reset")

    xandr = xandr_as("sandbox")
    assert xandr("GET", f"/report?id={report_id}").json()["response"]["error"] == "resource not found"
    assert xandr("GET", "/advertiser?id=5").json()["response"]["error"] == "resource not found"


def test_counts_are_exact_while_many_ask_at_once_on_connections_of_their_own(tmp_path):
    def ask(server, headers, number):
        """Fifteen requests on one connection that nobody asks to close; after each, what is counted is at least it."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.connect()
        own = connection.sock
        made = 0
        for turn in range(15):
            if turn % 3:
                connection.request("GET", "/xandr/pixel?advertiser_id=2", headers=headers)
            else:
                body = json.dumps({"pixel": {"name": f"P{number}.{turn}"}})
                connection.request("POST", "/xandr/pixel?advertiser_id=2", body=body, headers=headers)
            answer = connection.getresponse()
            made += "id" in json.loads(answer.read())["response"]
            assert answer.status == 200
            assert connection.sock is own
        connection.close()
        return made

    with SandboxServer(tmp_path / "sandbox.sqlite3") as server:
        headers = log_in(server)
        with ThreadPoolExecutor(20) as pool:
            made = list(pool.map(lambda number: ask(server, headers, number), range(20)))
        assert made == [5] * 20
        asked = {"auth": 1, "create": 100, "list": 200}
        assert counted(server) == asked
        assert counted(server, "answers") == {f"{operation} 200": n for operation, n in asked.items()}
        assert counted(server, "objects") == {"created": 100}
    with SandboxServer(tmp_path / "sandbox.sqlite3") as again:
        assert counted(again) == asked
        assert counted(again, "objects") == {"created": 100}


def test_counts_get_into_the_file_without_a_stop_and_are_gone_after_a_reset(tmp_path):
    path = tmp_path / "sandbox.sqlite3"

    def written():
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
            return dict(file.execute("SELECT operation, n FROM counts WHERE what = 'requests'"))

    with SandboxServer(path) as server:
        log_in(server)
        log_in(server)
        until(lambda: written() == {"auth": 2})
        requests.post(f"{server.url}/_sandbox/reset", timeout=10)
        assert written() == {}
        log_in(server)
        assert counted(server) == {"auth": 1}
        until(lambda: written() == {"auth": 1})


def test_the_last_call_of_a_session_outlives_a_restart(tmp_path):
    path = tmp_path / "sandbox.sqlite3"
    limit = {"xandr_token_seconds": 100}

    def let_pass(server, seconds):
        body = {"provider": "xandr", "pass_seconds": seconds}
        requests.post(f"{server.url}/_sandbox/seed", json=body, timeout=10).raise_for_status()

    with SandboxServer(path) as server:
        requests.post(f"{server.url}/_sandbox/switch", json=limit, timeout=10)
        headers = log_in(server)
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:  # a token is written before it is given out
            assert file.execute("SELECT token FROM sessions").fetchall() == [(headers["Authorization"],)]
        let_pass(server, 90)
        assert requests.get(f"{server.url}/xandr/pixel", headers=headers, timeout=10).status_code == 200
    with SandboxServer(path) as again:
        let_pass(again, 90)
        assert requests.get(f"{again.url}/xandr/pixel", headers=headers, timeout=10).status_code == 200
        let_pass(again, 101)
        assert requests.get(f"{again.url}/xandr/pixel", headers=headers, timeout=10).status_code == 401


def test_what_a_transaction_did_in_memory_is_undone_with_it(sandbox):
    store = sandbox.store
    store.count("requests", "xandr", "list")
    store.open_session("xandr", "sandbox", "kept")
    try:
        with store.transaction():
            store.count("requests", "xandr", "list")
            store.count("requests", "xandr", "read")
            store.set_switch("xandr_reads", 5)
            store.open_session("xandr", "sandbox", "never")
            store.let_time_pass(1000)
            with store.transaction():
                store.reset()
                store.count("requests", "easyflow", "create")
                assert store.counts("requests") == {"easyflow": {"create": 1}}
            raise LookupError
    except LookupError:
        pass
    assert store.counts("requests") == {"xandr": {"list": 1}}
    assert store.switch("xandr_reads") is None
    assert store.session("xandr", "never") is None
    assert store.session("xandr", "kept").age < 500
