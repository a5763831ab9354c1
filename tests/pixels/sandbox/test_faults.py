"""How faults are set, which requests they hit, and that nobody else may set them."""

import json
import re
import textwrap
import threading
from pathlib import Path

import pytest
import requests

from pixels.sandbox.faults import EVERYBODY, FAULTS, OPERATIONS
from pixels.sandbox.server import SandboxServer
from tests.pixels.sandbox.conftest import until

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[2] / "docs" / "sandbox.md"
PITCHTARGET = {"fb_ad_account_id": "9", "name": "Shoes", "tag": "CHECKOUT"}
RULE = {"provider": "pitchtarget", "fault": "status"}


@pytest.fixture
def ask(pitchtarget):
    """The status of a list at PitchTarget."""
    return lambda: pitchtarget("GET", "/offsitepixels?fb_ad_account_id=9").status_code


@pytest.fixture
def make(pitchtarget):
    """The status of a new pixel at PitchTarget."""
    return lambda name: pitchtarget("POST", "/offsitepixels", data={**PITCHTARGET, "name": name}).status_code


# The table


def in_words(name):
    """An item of the list in docs/sandbox.md."""
    fault = FAULTS[name]
    parameters = "; ".join(
        f"`{key}` = {json.dumps(parameter.default)} ({parameter.must})" for key, parameter in fault.parameters.items()
    )
    facts = {"Parameters": parameters, "Effect": fault.effect, "Where": who(fault)}
    text = " ".join([fault.what, *(f"*{fact}:* {said}." for fact, said in facts.items() if said)])
    return textwrap.fill(
        f"- `{name}`: {text}", 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def who(fault):
    names = [] if fault.providers == EVERYBODY else [", ".join(fault.providers)]
    names += ["only " + ", ".join(fault.only)] if fault.only else []
    names += ["not " + ", ".join(fault.never)] if fault.never else []
    return "; ".join(names)


def test_the_document_has_the_same_list():
    written = re.findall(r"(?m)^- `[a-z0-9_]+`: (?:.+\n)+?(?=- |\n)", DOCUMENT.read_text().split("\n## Faults\n")[1])
    assert [item.rstrip() for item in written if item.split("`")[1] in FAULTS] == [in_words(name) for name in FAULTS]


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_a_test(name):
    tests = [file.read_text() for file in HERE.glob("test_faults_*.py")]
    assert any(f'"{name}"' in text for text in tests)


@pytest.mark.parametrize("name", FAULTS)
def test_the_table_agrees_with_itself(name):
    fault = FAULTS[name]
    assert all(parameter.fits(parameter.default) for parameter in fault.parameters.values())
    assert ("effect" in fault.parameters) == (fault.effect == "as told")
    for provider in fault.providers:
        assert any(fault.concerns(operation) for operation in OPERATIONS[provider]), provider
    everything = {operation for operations in OPERATIONS.values() for operation in operations}
    assert {*fault.only, *fault.never} <= everything


# Which requests are hit


def test_nothing_is_set_at_first(control, ask):
    assert control("GET", "/faults").json() == {"faults": [], "late": 0}
    assert ask() == 200


def test_a_fault_hits_once_unless_told_otherwise(ask, fault, control):
    fault("pitchtarget", "status")
    assert [ask() for _ in range(3)] == [500, 200, 200]
    assert control("GET", "/faults").json() == {
        "faults": [
            {
                "provider": "pitchtarget",
                "operation": "*",
                "fault": "status",
                "count": 1,
                "skip": 0,
                "code": 500,
                "body": "json",
                "effect": False,
                "used": 1,
            }
        ],
        "late": 0,
    }


def test_a_fault_lets_some_pass_and_hits_as_many_as_told(ask, fault):
    fault("pitchtarget", "status", skip=2, count=3)
    assert [ask() for _ in range(7)] == [200, 200, 500, 500, 500, 200, 200]


def test_a_fault_without_count_hits_until_it_is_cleared(ask, fault, control):
    fault("pitchtarget", "status", count=None)
    assert [ask() for _ in range(5)] == [500] * 5
    assert control("DELETE", "/faults").json() == {"faults": [], "late": 0}
    assert ask() == 200


def test_faults_come_in_the_order_in_which_they_were_set(ask, control):
    rules = [
        {**RULE, "code": 501, "count": 2},
        {**RULE, "code": 502, "skip": 1},
        {**RULE, "code": 503},
    ]
    assert len(control("POST", "/faults", json=rules).json()["faults"]) == 3
    # The request that passes 502 by is the first for 503.
    assert [ask() for _ in range(5)] == [501, 501, 503, 502, 200]


def test_a_fault_of_one_operation_leaves_the_others(ask, make, fault, happened):
    fault("pitchtarget", "status", "create", count=None)
    assert (ask(), make("A"), ask()) == (200, 500, 200)
    assert happened("requests", "pitchtarget") == {"create": 1, "list": 2}
    assert happened("faults", "pitchtarget") == {"create status": 1}


def test_a_fault_of_one_provider_leaves_the_others(ask, easyflow, xandr, fault, happened):
    fault("pitchtarget", "drop", count=None)
    assert easyflow("POST", "/pixels", json={}).status_code == 400
    assert xandr("GET", "/pixel").json()["response"]["status"] == "OK"
    with pytest.raises(requests.ConnectionError):
        ask()
    assert (happened("faults", "easyflow"), happened("faults", "xandr")) == ({}, {})


def test_the_same_request_without_a_fault_is_answered_as_ever(ask, make, fault, happened):
    fault("pitchtarget", "status", "create", effect=True)
    assert [make("A"), make("A"), make("B")] == [500, 422, 200]
    assert happened("objects", "pitchtarget") == {"created": 2}


def test_of_requests_at_once_exactly_so_many_are_hit(ask, fault):
    fault("pitchtarget", "status", count=7)
    got = []
    threads = [threading.Thread(target=lambda: got.append(ask())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (got.count(500), got.count(200)) == (7, 13)


def test_control_and_page_are_never_hit(control, sandbox, fault):
    for provider in EVERYBODY:
        fault(provider, "drop", count=None)
    assert control("GET", "/requests").status_code == 200
    page = requests.get(sandbox.url, timeout=10)
    assert page.status_code == 200
    assert "effect False, reset False" in page.text


# Setting them


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ([1], "A fault is an object with provider, operation and fault"),
        ({}, "fault must be one of delay_before, "),
        ({"provider": "xandr", "fault": "dropp"}, "fault must be one of delay_before, "),
        ({"provider": "xandr", "fault": ["drop"]}, "fault must be one of delay_before, "),
        ({"fault": "drop"}, "provider of drop must be one of easyflow, pitchtarget, xandr"),
        ({"provider": "*", "fault": "drop"}, "provider of drop must be one of easyflow, pitchtarget, xandr"),
        ({"provider": "google", "fault": "drop"}, "provider of drop must be one of"),
        ({"provider": "xandr", "fault": "gateway"}, "provider of gateway must be one of easyflow"),
        ({**RULE, "operation": "lists"}, "operation of status at pitchtarget must be one of *, "),
        ({**RULE, "operation": None}, "operation of status at pitchtarget must be one of *, "),
        ({**RULE, "fault": "missing_items", "operation": "create"}, "must be one of *, "),
        (
            {"provider": "xandr", "fault": "too_many_logins", "operation": "list"},
            "operation of too_many_logins at xandr must be one of *, auth",
        ),
        ({**RULE, "count": 0}, "count must be a number of requests from 1, or null"),
        ({**RULE, "count": True}, "count must be a number of requests from 1, or null"),
        ({**RULE, "skip": -1}, "skip must be a number of requests from 0"),
        ({**RULE, "skip": None}, "skip must be a number of requests from 0"),
        ({**RULE, "colour": 1}, "status has no parameter 'colour'. It has: code, body, effect"),
        ({**RULE, "fault": "missing_id", "bytes": 1}, "missing_id has no parameter 'bytes'. It has: none"),
        ({**RULE, "code": 100}, "code of status must be: 200 to 999"),
        ({**RULE, "code": "500"}, "code of status must be: 200 to 999"),
        ({**RULE, "effect": 1}, "effect of status must be: false, true"),
        ({**RULE, "body": "xml"}, "body of status must be: json, html, empty"),
        ({**RULE, "fault": "delay_before", "seconds": -1}, "seconds of delay_before must be: 0 to 3600"),
        ({**RULE, "fault": "delay_before", "seconds": True}, "seconds of delay_before must be: 0 to 3600"),
        ({**RULE, "fault": "redirect", "to": "a\r\nSet-Cookie: b"}, "to of redirect must be: text"),
        ({**RULE, "fault": "redirect", "to": None}, "to of redirect must be: text"),
    ],
)
def test_a_fault_that_does_not_exist_is_one_sentence_and_sets_nothing(rule, sentence, control, ask):
    answer = control("POST", "/faults", json=[RULE, *(rule if isinstance(rule, list) else [rule])])
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert control("GET", "/faults").json()["faults"] == []
    assert ask() == 200


def test_a_body_that_is_no_json_is_refused(control):
    answer = control("POST", "/faults", data="{")
    assert (answer.status_code, answer.json()) == (400, {"error": "The body is not valid JSON"})


def test_there_is_an_end_to_how_many(control):
    assert control("POST", "/faults", json=[RULE] * 1000).status_code == 200
    assert control("POST", "/faults", json=RULE).status_code == 400
    assert len(control("GET", "/faults").json()["faults"]) == 1000


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_only_this_machine_may_set_them(control, ask, fault, method, headers):
    fault("pitchtarget", "status")
    before = control("GET", "/faults").json()
    answer = control(method, "/faults", headers=headers, json={**RULE, "code": 501})
    assert (answer.status_code, list(answer.json())) == (403, ["error"])
    assert control("GET", "/faults").json() == before
    assert ask() == 500


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_method_is_refused(control, method):
    assert control(method, "/faults", json=RULE).status_code == 404


# Reset and stop


def test_a_reset_clears_them_and_their_counts(control, ask, fault, happened):
    fault("pitchtarget", "status", count=None)
    ask()
    control("POST", "/reset")
    assert control("GET", "/faults").json() == {"faults": [], "late": 0}
    assert happened("faults", "pitchtarget") == {}
    assert ask() == 200


def test_after_a_reset_nothing_happens_of_what_was_asked_before(control, make, fault, happened):
    fault("pitchtarget", "late_effect", "create", seconds=0.3)
    with pytest.raises(requests.ConnectionError):
        make("A")
    control("POST", "/reset")
    fault("pitchtarget", "late_effect", "create", seconds=0.4)
    with pytest.raises(requests.ConnectionError):
        make("B")
    until(lambda: control("GET", "/faults").json()["late"] == 0)  # A's was to come before B's
    assert [one["name"] for one in control("GET", "/objects?provider=pitchtarget").json()["objects"]] == ["B"]
    assert happened("objects", "pitchtarget") == {"created": 1}


def test_a_delayed_request_ends_with_a_reset(control, fault, make, happened):
    fault("pitchtarget", "delay_before", "create", seconds=3600)
    ended = []

    def wait():
        try:
            make("A")
        except requests.ConnectionError:
            ended.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: happened("requests", "pitchtarget") == {"create": 1})
    control("POST", "/reset")
    thread.join(10)
    assert ended == [True]
    assert control("GET", "/requests").json()["objects"] == {}


def test_a_stop_ends_what_was_still_to_come(tmp_path, caplog):
    before = set(threading.enumerate())
    with SandboxServer(tmp_path / "state.sqlite3") as server:
        rules = [
            {"provider": "pitchtarget", "fault": "late_effect", "seconds": 3600, "count": 3},
            {"provider": "pitchtarget", "fault": "delay_after", "seconds": 3600},
        ]
        requests.post(f"{server.url}/_sandbox/faults", json=rules, timeout=10)
        headers = {"Authorization": "OAuth sandbox-token"}
        for name in ("A", "B", "C", "D"):
            with pytest.raises(requests.RequestException):
                requests.post(
                    f"{server.url}/pitchtarget/offsitepixels",
                    data={**PITCHTARGET, "name": name},
                    headers=headers,
                    timeout=0.5,
                )
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive(), thread.name
    assert "bug" not in caplog.text
    with SandboxServer(tmp_path / "state.sqlite3") as again:
        counts = requests.get(f"{again.url}/_sandbox/requests", timeout=10).json()
        faults = requests.get(f"{again.url}/_sandbox/faults", timeout=10).json()
    assert counts["objects"] == {"pitchtarget": {"created": 1}}
    assert counts["requests"] == {"pitchtarget": {"create": 4}}
    assert faults == {"faults": [], "late": 0}
