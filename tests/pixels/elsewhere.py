"""What other tools make and delete at a provider, without PixelHub."""

import requests

JS = "<!-- made elsewhere -->\r\n<script>\n'é'</script>  \n"


def at_pitchtarget(remote_id: str, name: str = "Elsewhere", **more):
    return {
        "id": remote_id, "name": name, "tag": "lead", "status": "Active", "creator": "c", "js_pixel": JS, **more
    }  # fmt: skip


def at_xandr(remote_id: int, name: str = "Elsewhere", **more):
    return {"id": remote_id, "advertiser_id": 2, "name": name, "state": "active", "trigger_type": "hybrid", **more}


def delete(sandbox, *numbers, advertiser=2):
    """Delete pixels as another tool would."""
    log_in = {"auth": {"username": "sandbox", "password": "sandbox"}}
    token = requests.post(f"{sandbox.url}/xandr/auth", json=log_in, timeout=10).json()["response"]["token"]
    for number in numbers:
        url = f"{sandbox.url}/xandr/pixel?advertiser_id={advertiser}&id={number}"
        answer = requests.delete(url, headers={"Authorization": token}, timeout=10)
        assert answer.json()["response"]["status"] == "OK"
