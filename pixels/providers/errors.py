"""The errors of a call to a provider.

Each carries a sentence for the user, advice, and two facts that decide what happens next: `retryable` (the same call
may be made again later) and `maybe_done` (a write may have taken effect in spite of the error). No text of an error
holds a URL, a body or a secret. `provider_message` is the provider's own text, shortened and redacted.
"""

from typing import Any


class ProviderError(Exception):
    """Base of all errors that a call to a provider raises."""

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
    """The provider has no such operation, or a setting switches it off."""

    code = "not_supported"


class NotSent(ProviderError):
    """No byte of the request was sent: no such host, connection refused, TLS failed, or connecting took too long."""

    code = "not_sent"
    retryable = True
    advice = "PixelHub keeps trying by itself."


class Throttled(ProviderError):
    """The provider did not carry the call out and asks us to wait `retry_after` seconds (None: it does not say)."""

    code = "throttled"
    retryable = True
    advice = "PixelHub goes on by itself when the wait is over."

    def __init__(self, sentence: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(sentence, **facts)
        self.retry_after = retry_after


class Waiting(Throttled):
    """Nothing was sent: a limit of ours is reached, or the time that the provider asked us to wait is not over."""

    code = "waiting"
    advice = ""


class NoAnswer(ProviderError):
    """The request was sent and no complete answer came back: timeout, connection reset, deadline."""

    code = "no_answer"
    retryable = True
    maybe_done = True


class BadAnswer(ProviderError):
    """An answer that does not tell whether the call was carried out: a 5xx, HTML, broken JSON, a redirect, too much."""

    code = "bad_answer"
    retryable = True
    maybe_done = True


class Rejected(ProviderError):
    """The provider refused this request and did not carry it out; usually it says why."""

    code = "refused"
    advice = "Change what it names and send again."


class BadCredentials(ProviderError):
    """The key, token or password was refused and the call not carried out. The connection pauses."""

    code = "bad_credentials"
    advice = "Replace the credentials of this connection."


class Forbidden(ProviderError):
    """The credentials are valid but lack a permission. This does not tell whether the object exists."""

    code = "forbidden"
    advice = "Ask for the right at the provider, or use other credentials."


class NotFound(ProviderError):
    """The provider says that the one object asked for by its id does not exist."""

    code = "not_found"
