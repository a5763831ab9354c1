"""The session token of a connection, shared by all workers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .errors import BadAnswer, NoAnswer, NotSent
from .protocols import Tokens
from .secret import Secret

SHAPE = re.compile(r"[\x21-\x7e]{1,1000}")  # what fits into a header


class SharedToken:
    """Logs in under a lock, so that workers that need a token at the same time cause one log-in.

    `draw` logs in with one request and returns what the answer has as the token. Raises ProviderError.
    """

    def __init__(self, label: str, tokens: Tokens, draw: Callable[[], Any]) -> None:
        self._label = label
        self._tokens = tokens
        self._draw = draw

    def get(self) -> Secret:
        """The stored token, which may have expired; a new one if none is stored."""
        return self._tokens.load() or self.another(instead_of=None)

    def another(self, instead_of: Secret | None) -> Secret:
        """A token to use instead of an expired one: another worker's if there is one by now, otherwise a new one."""
        with self._tokens.lock():
            token = self._tokens.load()
            if token is None or token == instead_of:
                token = self._drawn()
            return token

    def afresh(self) -> None:
        """Log in even if a token is stored, to try the credentials."""
        with self._tokens.lock():
            self._drawn()

    def _drawn(self) -> Secret:
        """Log in and store the token. Raises NotSent for an unclear answer: the call that needs it was not sent."""
        try:
            token = self._draw()
            if not isinstance(token, str) or not SHAPE.fullmatch(token):
                raise BadAnswer("provider.no_session", provider=self._label)
        except (NoAnswer, BadAnswer) as error:
            # The provider's text is left out: the answer to a log-in may contain the token.
            raise NotSent(error.message, status=error.status, **error.params) from None
        secret = Secret(token)
        self._tokens.save(secret)
        return secret
