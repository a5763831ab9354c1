"""The errors of a call to a provider.

Each carries what to say of it as a code and parameters, and two facts that decide what happens next: `retryable` (the
same call may be made again later) and `maybe_done` (a write may have taken effect in spite of the error). The sentence
is made where it is shown, in the reader's language: the general ones from messages.py, a provider's own from
<slug>/messages.py. Parameters are names, labels and numbers that JSON can hold, never a URL, a body or a secret.
`provider_message` is the provider's own text, shortened and redacted.
"""

from typing import Any


class ProviderError(Exception):
    """Base of all errors that a call to a provider raises."""

    code = "error"  # the kind of error
    retryable = False
    maybe_done = False

    def __init__(self, message: str, *, provider_message: str = "", status: int | None = None, **params: Any) -> None:
        """`message`: the code of the sentence; `params`: what the sentence names."""
        super().__init__(message)
        self.message = message
        self.params = params
        self.provider_message = provider_message
        self.status = status

    def __str__(self) -> str:
        """For logs: the code and its parameters."""
        return " ".join([self.message, *(f"{name}={value!r}" for name, value in self.params.items())])


class NotSupported(ProviderError):
    """The provider has no such operation, or a setting switches it off."""

    code = "not_supported"


class NotSent(ProviderError):
    """No byte of the request was sent: no such host, connection refused, TLS failed, or connecting took too long."""

    code = "not_sent"
    retryable = True


class Throttled(ProviderError):
    """The provider did not carry the call out and asks us to wait `retry_after` seconds (None: it does not say)."""

    code = "throttled"
    retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class Waiting(Throttled):
    """Nothing was sent: a limit of ours is reached, or the time that the provider asked us to wait is not over."""

    code = "waiting"


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


class BadCredentials(ProviderError):
    """The key, token or password was refused and the call not carried out. The connection pauses."""

    code = "bad_credentials"


class Forbidden(ProviderError):
    """The credentials are valid but lack a permission. This does not tell whether the object exists."""

    code = "forbidden"


class NotFound(ProviderError):
    """The provider says that the one object asked for by its id does not exist."""

    code = "not_found"
