"""What a provider of a script answers before and around a create, and how often one was asked for."""

from tests.pixels.providers.loopback import Loopback, says

LOGGED_IN = says({"response": {"status": "OK", "token": "planted:session"}})


def script(provider: str, *answers):
    """Before a create Xandr is logged in to, and PitchTarget is asked what goes by that name already."""
    before = {"xandr": [LOGGED_IN], "pitchtarget": [says([])]}
    return [*before.get(provider, []), *answers]


def creates(server: Loopback) -> int:
    """How often a pixel was asked for."""
    return sum(one.method == "POST" and not one.path.endswith("/auth") for one in server.received)
