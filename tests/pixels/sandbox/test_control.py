import pytest
import requests

from pixels.sandbox.server import SandboxServer

EASYFLOW = {
    "name": "Purchase",
    "ownerId": "sandbox-owner",
    "externalReferenceId": "ph-1",
    "platform": "meta",
    "events": ["purchase-completed"],
}
PITCHTARGET = {"fb_ad_account_id": "9", "name": "Shoes", "tag": "CHECKOUT"}


def test_every_request_and_object_is_counted(easyflow, pitchtarget, xandr, new_pixel, control):
    easyflow("POST", "/pixels", json=EASYFLOW)
    easyflow("POST", "/pixels", json={})
    pitchtarget("POST", "/offsitepixels", data=PITCHTARGET)
    pitchtarget("POST", "/offsitepixels", data=PITCHTARGET)
    pitchtarget("GET", "/offsitepixels?fb_ad_account_id=9")
    pixel = new_pixel()
    new_pixel()
    where = f"/pixel?advertiser_id=2&id={pixel['id']}"
    for method, path in [("PUT", where), ("GET", where), ("DELETE", where), ("GET", "/pixel"), ("GET", "/x")]:
        xandr(method, path, json={"pixel": {}})

    assert control("GET", "/requests").json() == {
        "requests": {
            "easyflow": {"create": 2},
            "pitchtarget": {"create": 2, "list": 1},
            "xandr": {"auth": 1, "create": 2, "update": 1, "read": 1, "delete": 1, "list": 1, "other": 1},
        },
        "answers": {
            "easyflow": {"create 200": 1, "create 400": 1},
            "pitchtarget": {"create 200": 1, "create 422": 1, "list 200": 1},
            "xandr": {
                "auth 200": 1,
                "create 200": 2,
                "update 200": 1,
                "read 200": 1,
                "delete 200": 1,
                "list 200": 1,
                "other 404": 1,
            },
        },
        "faults": {},
        "objects": {
            "easyflow": {"created": 1},
            "pitchtarget": {"created": 1},
            "xandr": {"created": 2, "updated": 1, "deleted": 1},
        },
        "held": {"easyflow": 1, "pitchtarget": 1, "xandr": 1},
    }


def test_objects_are_shown_in_full_and_by_account(easyflow, control):
    made = easyflow("POST", "/pixels", json=EASYFLOW).json()["data"]["pixel"]
    assert control("GET", "/objects?provider=easyflow").json() == {"objects": [made]}
    assert control("GET", "/objects?provider=easyflow&account=sandbox-owner").json() == {"objects": [made]}
    assert control("GET", "/objects?provider=easyflow&account=sandbox-demo").json() == {"objects": []}


def test_line_items_are_shown_with_the_pixels_they_use(control, seed, sample):
    seed("xandr", sample("xandr_read_2010")["response"]["pixels"])
    item = {"id": 382, "name": "Line Item", "state": "active", "advertiser_id": 2, "pixel_ids": [17]}
    assert control("GET", "/objects?provider=xandr").json()["line_items"] == [item]
    assert control("GET", "/objects?provider=xandr&account=8").json() == {"objects": [], "line_items": []}


def test_reset_empties_everything_but_gives_no_id_twice(xandr, sandbox, control, new_pixel):
    first = new_pixel()["id"]
    control("POST", "/switch", json={"xandr_2010": True})

    assert control("POST", "/reset").status_code == 200

    counts = control("GET", "/requests").json()
    assert counts["held"] == {"easyflow": 0, "pitchtarget": 0, "xandr": 0}
    assert (counts["requests"], counts["answers"], counts["objects"]) == ({}, {}, {})
    assert xandr("GET", "/pixel").status_code == 401
    body = {"auth": {"username": "sandbox", "password": "sandbox"}}
    token = requests.post(f"{sandbox.url}/xandr/auth", json=body, timeout=10).json()["response"]["token"]
    xandr.headers["Authorization"] = token
    assert new_pixel()["id"] > first


def test_an_id_follows_the_loaded_ones(pitchtarget, seed, sample, new_pixel):
    seed("pitchtarget", [{**sample("pitchtarget_list")[0], "id": "7000000000000"}], ad_account="9")
    assert pitchtarget("POST", "/offsitepixels", data=PITCHTARGET).json() == {"id": "7000000000001"}
    seed("xandr", [{"id": 9000000, "advertiser_id": 8, "name": "Old"}])
    assert new_pixel()["id"] == 9000001


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"provider": "google", "objects": []},
        {"provider": "easyflow", "objects": [{}]},
        {"provider": "easyflow"},
        {"provider": "pitchtarget", "objects": [{"id": "1"}], "ad_account": "9"},
        {"provider": "pitchtarget", "objects": [], "ad_account": "7"},
        {"provider": "pitchtarget", "objects": []},
        {"provider": "xandr", "objects": [{"id": 1, "advertiser_id": 2, "name": "x"}, {"id": 2}]},
        {"provider": "xandr", "objects": [{"id": 1, "advertiser_id": 2, "pixel_conversion_event_id": 1}]},
        {"provider": "xandr", "line_items": [{"id": 1}]},
    ],
)
def test_a_load_that_is_not_whole_loads_nothing(control, body):
    answer = control("POST", "/seed", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert control("GET", "/requests").json()["held"] == {"easyflow": 0, "pitchtarget": 0, "xandr": 0}


@pytest.mark.parametrize("body", [{"xandr_2010": 1}, {"xandr_token_seconds": "1"}, {"other": True}, []])
def test_a_switch_that_does_not_exist_is_refused(control, body):
    assert control("POST", "/switch", json=body).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/reset"), ("POST", "/requests"), ("GET", "/"), ("POST", "/other"), ("GET", "/objects")],
)
def test_another_address_is_refused_in_json(control, method, path):
    answer = control(method, path)
    assert answer.status_code in (400, 404)
    assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_a_web_page_of_elsewhere_cannot_use_it(control, sandbox, headers):
    assert control("POST", "/reset", headers=headers).status_code == 403
    assert requests.get(sandbox.url, headers=headers, timeout=10).status_code == 403


def test_everything_is_still_there_after_a_restart(tmp_path):
    path = tmp_path / "state" / "sandbox.sqlite3"
    body = {"auth": {"username": "sandbox", "password": "sandbox"}}
    with SandboxServer(path) as first:
        token = requests.post(f"{first.url}/xandr/auth", json=body, timeout=10).json()["response"]["token"]
        pixel = {"pixel": {"name": "Purchase"}}
        headers = {"Authorization": token}
        where = "/xandr/pixel?advertiser_id=2"
        made = requests.post(first.url + where, json=pixel, headers=headers, timeout=10).json()["response"]
    with SandboxServer(path) as second:
        listed = requests.get(second.url + where, headers=headers, timeout=10).json()["response"]
        counts = requests.get(f"{second.url}/_sandbox/requests", timeout=10).json()
    assert listed["pixels"] == [made["pixel"]]
    assert counts["requests"]["xandr"] == {"auth": 1, "create": 1, "list": 1}


def test_the_page_lists_what_is_held_and_escapes_it(sandbox, easyflow, pitchtarget, new_pixel, seed, sample):
    easyflow("POST", "/pixels", json={**EASYFLOW, "name": "<script>alert(1)</script>"})
    pitchtarget("POST", "/offsitepixels", data={**PITCHTARGET, "name": "<b>Shoes</b>"})
    new_pixel(name="Xandr & Söhne \ud800")
    seed("xandr", sample("xandr_read_2010")["response"]["pixels"])

    page = requests.get(sandbox.url, timeout=10)

    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "&lt;b&gt;Shoes&lt;/b&gt;" in page.text
    assert "Xandr &amp; Söhne" in page.text
    assert "ProStarr Hybrid Pixel" in page.text
    assert "<script" not in page.text
    assert "sandbox-token" in page.text


def test_the_page_of_an_empty_sandbox_says_so(sandbox):
    assert requests.get(sandbox.url, timeout=10).text.count("Nothing yet.") == 6
