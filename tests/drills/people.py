"""People at their browsers during a failure: what each page answered, and how long it took."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.bench.person import NEW_PIXEL_FORM, Answer, Person, fields

NO_ANSWER = 0
CALM = "Not available for a moment"  # what the 503 page says
# Beside the event: what a provider's form asks for and does not fill in itself.
CHOICES = {"easyflow": {"platform": "meta"}}
EVENTS = {"easyflow": "purchase-completed", "pitchtarget": "CHECKOUT", "xandr": "7"}


class Visitor(Person):
    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        started = time.perf_counter()
        try:
            return super()._ask(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._web = None
            return Answer(NO_ANSWER, type(error).__name__, "", time.perf_counter() - started)

    def create(self, team: str, connection: str, provider: str, name: str, *, patience: float) -> list[Answer]:
        """Through the real form: its page, and then the sending, each again until it works. All answers to both."""
        path = f"/t/{team}/pixels/new/"
        give_up = time.monotonic() + patience
        answers = [self.get(f"{path}?connection={connection}")]
        while answers[-1].status != 200 and time.monotonic() < give_up:
            time.sleep(0.3)
            answers.append(self.get(f"{path}?connection={connection}"))
        if answers[-1].status != 200:
            return answers
        sent = fields(answers[-1].text, NEW_PIXEL_FORM)
        sent |= {"name": name, "events": EVENTS[provider], **CHOICES.get(provider, {})}
        answers.append(self.post(path, sent))
        while answers[-1].status != 302 and time.monotonic() < give_up:
            time.sleep(0.3)
            answers.append(self.post(path, sent))  # the same form: it must not make a second pixel
        return answers


class Reader(threading.Thread):
    """Somebody who looks at one page after the other until told to stop."""

    def __init__(self, visitor: Visitor, paths: Sequence[str], every: float = 0.3) -> None:
        super().__init__(daemon=True)
        self._visitor, self._paths, self._every = visitor, paths, every
        self._ended = threading.Event()
        self.answers: list[Answer] = []

    def run(self) -> None:
        while not self._ended.wait(self._every):
            self.answers.append(self._visitor.get(self._paths[len(self.answers) % len(self._paths)]))

    def stop(self) -> list[Answer]:
        self._ended.set()
        self.join(timeout=90)
        return self.answers


def slowest(answers: Iterable[Answer]) -> float:
    return max((answer.seconds for answer in answers), default=0.0)


def said(answers: Sequence[Answer]) -> str:
    """How many, and with which status."""
    counts = Counter(answer.status for answer in answers)
    return ", ".join(f"{number} × {status or 'no answer'}" for status, number in sorted(counts.items())) or "none"


def is_calm(answer: Answer) -> bool:
    """Whether this is our page for a database that is away, without any detail of the failure."""
    return answer.status == 503 and CALM in answer.text and "Traceback" not in answer.text
