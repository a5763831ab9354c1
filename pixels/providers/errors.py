"""What can go wrong at a provider, as one small tree.

Every error carries a sentence for the user, what to do about it, and two facts that decide what the machine may do:
`retryable` (the same call may be made again later) and `maybe_done` (a write that may have taken effect all the same).
No error text holds a URL, a body or a secret; `provider_message` is the provider's own text, shortened and redacted.
"""

from typing import Any


class ProviderError(Exception):
    """Base of everything a provider call raises."""

    code = "error"
    retryable = False
    maybe_done = False
    advice = ""

    def __init__(
        self, sentence: str, *, provider_message: str = "", status: int | None = None, advice: str = ""
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.provider_message = provider_message
        self.status = status
        self.advice = advice or self.advice


class NotSupported(ProviderError):
    """This provider has no such operation (or it is switched off)."""

    code = "not_supported"


class NotSent(ProviderError):
    """No byte of the request left: name not resolved, connection refused, TLS failed, connect timeout."""

    code = "not_sent"
    retryable = True
    advice = "PixelHub keeps trying by itself."


class Throttled(ProviderError):
    """The provider asked us to wait; it did not carry the call out. `retry_after` is in seconds, or None."""

    code = "throttled"
    retryable = True
    advice = "PixelHub goes on by itself when the wait is over."

    def __init__(self, sentence: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(sentence, **facts)
        self.retry_after = retry_after


class Waiting(Throttled):
    """A limit of ours is reached, or the provider's wait is not over: nothing was sent."""

    code = "waiting"
    advice = ""


class NoAnswer(ProviderError):
    """The request was sent and nothing usable came back: timeout, reset, deadline."""

    code = "no_answer"
    retryable = True
    maybe_done = True


class BadAnswer(ProviderError):
    """An answer that says neither yes nor no: a 5xx, HTML, broken JSON, a redirect, a body without end."""

    code = "bad_answer"
    retryable = True
    maybe_done = True


class Rejected(ProviderError):
    """A definite no to this request, usually with the provider's words."""

    code = "refused"
    advice = "Change what it names and send again."


class BadCredentials(ProviderError):
    """The key, token or password was refused; the call was not carried out. Its connection pauses."""

    code = "bad_credentials"
    advice = "Replace the credentials of this connection."


class Forbidden(ProviderError):
    """The credentials are good but may not do this; says nothing about whether the object exists."""

    code = "forbidden"
    advice = "Ask for the right at the provider, or use other credentials."


class NotFound(ProviderError):
    """The provider says, about one object asked for by id, that it is not there."""

    code = "not_found"
