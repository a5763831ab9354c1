"""Loaded with the objects of the documents' samples, the sandbox answers as the samples do."""

import pytest


def shape(value):
    """Keys and types, all the way down; null is a type of its own."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def switch_2010(control):
    assert control("POST", "/switch", json={"xandr_2010": True}).status_code == 200


def test_pitchtarget_lists_the_samples_object_to_the_last_byte(pitchtarget, seed, sample):
    seed("pitchtarget", sample("pitchtarget_list"), ad_account="8")

    answer = pitchtarget("GET", "/offsitepixels?fb_ad_account_id=8")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json() == sample("pitchtarget_list")
    assert list(answer.json()[0]) == list(sample("pitchtarget_list")[0])


def test_pitchtarget_makes_an_object_like_the_samples(pitchtarget, sample):
    made = pitchtarget(
        "POST", "/offsitepixels", data="fb_ad_account_id=8&name=CV+uploaded&tag=REGISTRATION",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert (made.status_code, shape(made.json())) == (200, shape(sample("pitchtarget_create")))
    assert len(made.content) == len('{"id":"6014360342904"}')

    [listed] = pitchtarget("GET", "/offsitepixels?fb_ad_account_id=8").json()

    [shown] = sample("pitchtarget_list")
    assert shape(listed) == shape(shown)
    assert listed["js_pixel"] == shown["js_pixel"].replace(shown["id"], listed["id"])
    assert (listed["tag"], listed["status"]) == (shown["tag"], shown["status"])


@pytest.mark.parametrize("path", ["/pixel?id=17&advertiser_id=2", "/pixel?id=17"])
def test_xandr_reads_pixel_17_as_the_sample_of_2010_does(xandr, control, seed, sample, path):
    seed("xandr", sample("xandr_read_2010")["response"]["pixels"])
    switch_2010(control)

    assert xandr("GET", path).json() == sample("xandr_read_2010")


def test_xandr_lists_as_the_sample_of_2010_does(xandr, control, seed, sample):
    shown = sample("xandr_list_2010")
    seed("xandr", shown["response"]["pixels"])
    switch_2010(control)

    answer = xandr("GET", "/pixel").json()

    assert shape(answer) == shape(shown)
    assert answer["response"]["pixels"] == shown["response"]["pixels"]
    assert answer["response"]["count"] == 2  # of the sample's ten, the two that it prints


def test_xandr_takes_the_request_of_the_sample_of_2010(xandr, control, sample):
    switch_2010(control)

    answer = xandr("POST", "/pixel?advertiser_id=2", json=sample("xandr_create_request_2010"))

    assert shape(answer.json()) == shape(sample("xandr_create_2010"))
    [made] = xandr("GET", f"/pixel?id={answer.json()['response']['id']}").json()["response"]["pixels"]
    sent = sample("xandr_create_request_2010")["pixel"]
    assert {key: made[key] for key in sent} == sent


def test_xandr_answers_the_request_of_the_sample_of_2018_as_the_sample_does(xandr, seed, sample):
    shown = sample("xandr_update_2018")
    before = {**shown["response"]["pixel"], "pixel_conversion_event_id": None, "pixel_conversion_event": None}
    seed("xandr", [before])

    answer = xandr("PUT", "/pixel?id=1017110&advertiser_id=57992", json=sample("xandr_update_request_2018")).json()

    assert answer["response"]["pixel"]["last_modified"] > before["last_modified"]
    answer["response"]["pixel"]["last_modified"] = shown["response"]["pixel"]["last_modified"]
    assert answer == shown


def test_xandr_gives_an_object_of_2010_all_the_keys_of_2018(xandr, seed, sample):
    [old] = sample("xandr_read_2010")["response"]["pixels"]
    seed("xandr", [old])

    pixel = xandr("GET", "/pixel?id=17&advertiser_id=2").json()["response"]["pixel"]

    assert set(pixel) == set(sample("xandr_update_2018")["response"]["pixel"])
    assert {key: pixel[key] for key in old} == old


@pytest.mark.parametrize("form_2010", [False, True])
def test_no_ok_answer_of_xandr_has_an_error_key(xandr, control, new_pixel, form_2010):
    pixel_id = new_pixel()["id"]
    control("POST", "/switch", json={"xandr_2010": form_2010})
    where = f"/pixel?id={pixel_id}&advertiser_id=2"

    calls = [("GET", "/pixel"), ("GET", where), ("GET", "/pixel/meta"), ("PUT", where), ("DELETE", where)]
    for method, path in calls:
        response = xandr(method, path, json={"pixel": {}}).json()["response"]
        assert response["status"] == "OK"
        assert not {"error", "error_id", "error_code"} & set(response)
        assert ("dbg_info" in response) is not form_2010


def test_easyflow_answers_with_every_documented_key_and_type(easyflow):
    body = {
        "name": "Purchase",
        "ownerId": "sandbox-owner",
        "externalReferenceId": "ph-1",
        "platform": "google",
        "events": ["purchase-completed"],
        "metadata": {"conversion-label": "AbC"},
    }

    answer = easyflow("POST", "/pixels", json=body)

    assert answer.status_code == 200
    assert shape(answer.json()) == {
        "statusCode": "int",
        "data": {
            "pixel": {
                "events": ["str"],
                "id": "str",
                "createdAt": "str",
                "updatedAt": "str",
                "ownerId": "str",
                "externalReferenceId": "str",
                "platform": "str",
                "status": "str",
                "code": "str",
                "name": "str",
                "description": "str",
                "metadata": {"conversion-label": "str"},
            }
        },
    }
    assert answer.json()["statusCode"] == 200
    pixel = answer.json()["data"]["pixel"]
    assert {key: pixel[key] for key in body} == body
    assert pixel["status"] == "active"
