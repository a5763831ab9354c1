"""What a scripted provider answers before and around a create, and how often a create was requested."""

from tests.pixels.providers.loopback import Loopback, says

LOGGED_IN = says({"response": {"status": "OK", "token": "planted:session"}})


def script(provider: str, *answers):
    """The answers, with those that come before a create: Xandr's log-in, and PitchTarget's search for the name."""
    before = {"xandr": [LOGGED_IN], "pitchtarget": [says([])]}
    return [*before.get(provider, []), *answers]


def creates(server: Loopback) -> int:
    """How often a create was requested."""
    return sum(one.method == "POST" and not one.path.endswith("/auth") for one in server.received)
