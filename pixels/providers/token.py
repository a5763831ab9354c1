"""A session token that all workers of a connection share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .errors import BadAnswer, NoAnswer, NotSent
from .protocols import Tokens
from .secret import Secret

SHAPE = re.compile(r"[\x21-\x7e]{1,1000}")  # what a header can carry


class SharedToken:
    """Drawn once, under the lock; drawn anew only by a worker that met its end, and once for all of them.

    `draw` logs in with one request and gives what the answer holds for a token; raises ProviderError.
    """

    def __init__(self, label: str, tokens: Tokens, draw: Callable[[], Any]) -> None:
        self._label = label
        self._tokens = tokens
        self._draw = draw

    def get(self) -> Secret:
        """A token, perhaps one that has run out."""
        return self._tokens.load() or self.another(instead_of=None)

    def another(self, instead_of: Secret | None) -> Secret:
        """A token other than the given one: another worker's, if it was quicker."""
        with self._tokens.lock():
            token = self._tokens.load()
            if token is None or token == instead_of:
                token = self._drawn()
            return token

    def afresh(self) -> None:
        """Logs in whatever there is, to try the credentials."""
        with self._tokens.lock():
            self._drawn()

    def _drawn(self) -> Secret:
        """Whatever goes wrong here, the call that needed the token has not been sent."""
        try:
            token = self._draw()
            if not isinstance(token, str) or not SHAPE.fullmatch(token):
                raise BadAnswer(f"{self._label} opened no session.")
        except (NoAnswer, BadAnswer) as error:
            # Without its words: what answers a log-in may hold the session.
            raise NotSent(error.sentence, status=error.status) from None
        secret = Secret(token)
        self._tokens.save(secret)
        return secret
