"""The sandbox's members: their credentials and ad accounts."""

from pixels.providers.values import AdAccountRef

MEMBERS: dict[str, tuple[dict[str, str], AdAccountRef]] = {
    "easyflow": ({"api_key": "sandbox-key", "api_secret": "sandbox-secret"}, AdAccountRef(id="sandbox-owner")),
    "pitchtarget": ({"token": "sandbox-token"}, AdAccountRef(id="9")),
    "xandr": ({"username": "sandbox", "password": "sandbox"}, AdAccountRef(id="2", code="adv-2")),
}
