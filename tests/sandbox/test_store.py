"""The state file."""

import json
import sqlite3

import requests

from pixels.sandbox.server import SandboxServer


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
