"""Point 10 of the contract: replaying a recorded conversation gives the same calls in the same order, and the same end.

The journey uses all that a provider can do. Changes at the provider's own screens ("elsewhere") are made at the sandbox
while recording; in the replay the recorded answers contain them.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from pixels import rules
from pixels.messages import connection_sentence, error_sentence
from pixels.models import Connection, Pixel
from pixels.providers.registry import PROVIDERS
from pixels.reconcile import last_fired
from pixels.services import pixels
from tests.pixels import transcript
from tests.pixels.conftest import Sandbox
from tests.pixels.contract import CASES, LIST_ON, Subject, slug_of
from tests.pixels.providers.loopback import Loopback

Act = Callable[[Subject], Any]
OTHER_EVENT = {"easyflow": "pix-copied", "pitchtarget": "LEAD", "xandr": "8"}
MARKED = {"easyflow": "external_reference", "xandr": "code"}  # the option that would hold our reference


@pytest.fixture
def journey(connect, promise, carry_out, sync, bob, monkeypatch):
    """A function that runs the journey and returns its end: the tests, the syncs, the rows."""

    def run(slug: str, elsewhere: Callable[[Act], Any]) -> dict[str, Any]:
        provider, connection, runs = PROVIDERS[slug], connect(slug), []
        carry_out()
        connection.refresh_from_db()

        def make(number: int, name: str) -> Pixel:
            options = {MARKED[slug]: f"ours-{number}"} if slug in MARKED else {}
            pixel = promise(connection, name, id=UUID(int=number), options=options)
            carry_out()
            pixel.refresh_from_db()
            return pixel

        def synced() -> None:
            if provider.can("list"):
                done = sync(connection)
                runs.append([done.state, done.seen, done.created, done.updated, done.unchanged, done.missing])

        def carried_out(service: Callable[..., None], pixel: Pixel, *args: Any, **more: Any) -> None:
            service(pixel, bob, *args, **more)
            carry_out()

        first, second = make(1, "Shoes – élan & co"), make(2, "Hats")
        with monkeypatch.context() as patched:  # a namesake, as if another tool had made the first of them
            patched.setattr(rules, "draft_errors", lambda *_: {})
            make(3, "Hats")
        synced()
        elsewhere(lambda subject: subject.sandbox.ask("POST", "expire"))
        if provider.can("update"):
            carried_out(pixels.change_pixel, first, {"name": "Boots", "events": [OTHER_EVENT[slug]]})
        if provider.can("activate"):
            carried_out(pixels.set_state, second, active=False)
        elsewhere(_edit)
        synced()
        for _ in range(4):  # ordered, not yet ready, ready; and not asked again
            for account in last_fired.due(10):
                last_fired.read_last_fired(account)
        if provider.can("delete"):
            carried_out(pixels.delete_pixel, first)
            elsewhere(lambda subject: subject.remove(next(iter(subject.held()))))
            carried_out(pixels.delete_pixel, second)
        synced()
        connection.refresh_from_db()
        return {"test": [connection.test, connection_sentence(connection)], "syncs": runs, "pixels": rows()}

    return run


def _edit(subject: Subject) -> None:
    """Rename one pixel and add one at the provider; and the first one fires."""
    first, second, *_ = subject.held().values()
    subject.put({**second, "name": "Theirs"}, {**second, "id": "77", "name": "Made elsewhere"})
    if subject.slug == "xandr":
        fired = {str(first["id"]): "2026-11-01 10:00:00"}
        subject.sandbox.ask("POST", "seed", json={"provider": "xandr", "last_fired": fired})


def rows() -> list[dict[str, Any]]:
    return [
        {
            "remote_id": pixel.remote_id,
            "ours": pixel.local_values,
            "theirs": pixel.remote_values,
            "drift": pixel.drift,
            "state": [pixel.lifecycle, pixel.remote_status, pixel.remote_state],
            "error": [pixel.error_code, error_sentence(pixel), pixel.error_provider_message],
            "last_fired": pixel.last_fired_at and pixel.last_fired_at.isoformat(),
            "snippets": [snippet.fingerprint for snippet in pixel.snippets.order_by("slug", "number")],
        }
        for pixel in sorted(Pixel.objects.all(), key=lambda pixel: (pixel.remote_id, pixel.name))
    ]


@pytest.mark.parametrize("case", CASES)
def test_10_a_transcript_is_replayed_to_the_same_calls_and_the_same_end(
    case: str, journey: Callable[..., Any], connect: Callable[..., Connection], sandbox: Sandbox, settings: Any
) -> None:
    slug = slug_of(case)
    settings.EASYFLOW_LIST = case == LIST_ON
    if transcript.RECORDING:
        subject = Subject(slug, sandbox, lambda _: None, case == LIST_ON)
        recorder = transcript.Recorder(sandbox.url)
        settings.SANDBOX_URL = recorder.url
        result = journey(slug, lambda act: act(subject))
        recorder.stop()
        transcript.write(case, recorder.exchanges(), result)
        return
    recorded = transcript.read(case)
    server = Loopback()
    server.script = transcript.replay(recorded["exchanges"])
    settings.SANDBOX_URL = server.url
    result = journey(slug, lambda act: None)
    server.stop()
    assert [transcript.sent(request) for request in server.received] == [
        one["request"] for one in recorded["exchanges"]
    ]
    assert result == recorded["result"]
