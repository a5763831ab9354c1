"""Reads every pixel of a connection from its provider and compares them with our rows.

Half a list proves nothing: after an error nothing is marked. The run continues later from its cursor, or fails if it
has read nothing new. A pixel that a whole list lacks only reads "not in the last list".
"""

from __future__ import annotations

import logging
import time
from itertools import zip_longest

from django.conf import settings
from django.db import DatabaseError

from pixels.limits.circuit_breaker import CircuitOpen
from pixels.limits.provider_session import open_provider
from pixels.models import SyncRun
from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, ProviderError, Throttled
from pixels.reconcile.listing import Listing, TimeOver, TooManyMissing
from pixels.reconcile.runs import Cursor, TakenOver, claim, end, open_cursor, save_cursor, suspend

log = logging.getLogger(__name__)

MAX_CRASHES = 5  # workers that may die during one run, in case its list is what kills them


def pull(run_id: int) -> bool:
    """Continue a run for one task's time. Returns whether another task should continue at once."""
    run = claim(run_id)
    if run is None:
        return False
    if run.connection.paused_at:
        suspend(run)  # the dispatcher finds the run when the connection is in use again
    elif run.crashes > MAX_CRASHES:
        end(run, SyncRun.State.FAILED, BadAnswer("sync.stopped"))
    else:
        return _read(run)
    return False


def _read(run: SyncRun) -> bool:
    """Read from the cursor on and store how that ended. Returns whether there is more to read at once."""
    cursor = open_cursor(run)
    seen_before = run.seen
    try:
        with open_provider(run.connection, "pull") as provider:
            stopped = _read_lists(run, provider, cursor)
    except TakenOver:
        log.warning("run %s was taken over", run.pk)
    except TimeOver:
        suspend(run)
        return True
    except (Throttled, CircuitOpen) as error:
        suspend(run, error)
    except ProviderError as error:
        if error.retryable and run.seen > seen_before:
            suspend(run, error)  # one bad answer among many good pages
        else:
            end(run, SyncRun.State.FAILED, error)
    except DatabaseError:
        raise  # nothing can be stored now: the lease ends, and another worker continues from the saved cursor
    except Exception:
        log.exception("run %s failed in PixelHub", run.pk)
        end(run, SyncRun.State.FAILED, BadAnswer("sync.failed"))
    else:
        end(run, SyncRun.State.STOPPED if stopped else SyncRun.State.DONE, stopped)
    return False


def _read_lists(run: SyncRun, provider: Provider, cursor: Cursor) -> TooManyMissing | None:
    """Read the list of each ad account. If one lacks too many pixels, the others are still read, and its error is
    returned."""
    deadline = time.monotonic() + settings.TASK_LIMIT / 2
    stopped = TooManyMissing(cursor.stopped[0], **cursor.stopped[1]) if cursor.stopped else None
    accounts = list(run.connection.ad_accounts.filter(pk__gte=cursor.account).order_by("pk"))
    for account, following in zip_longest(accounts, accounts[1:]):
        if account.pk != cursor.account:
            cursor = Cursor(account.pk, earlier=run.seen)
        try:
            Listing(run, account, cursor, deadline).read(provider)
        except TooManyMissing as error:
            stopped = error
        if following is not None:
            cursor = Cursor(
                following.pk, earlier=run.seen, stopped=(stopped.message, stopped.params) if stopped else None
            )
            save_cursor(run, cursor)
            if time.monotonic() > deadline:
                raise TimeOver
    return stopped
