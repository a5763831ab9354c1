"""One of several schedulers works, the others stand by and take over when it falls silent."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from pixels.limits import clock
from pixels.models import Lease

DISPATCH = "dispatch"  # the scheduler's


def hold(name: str, holder: str, seconds: float) -> bool:
    """Take the lease, or keep it for so much longer; False while somebody else has it."""
    now = clock.now()
    until = now + timedelta(seconds=seconds)
    free = Q(holder=holder) | clock.passed("until", now, 2 * seconds)
    if Lease.objects.filter(free, name=name).update(holder=holder, until=until):
        return True
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:
        return False
    return True


def runs_for(name: str) -> float | None:
    """Seconds for which somebody has it yet, below zero since it ran out; None where nobody has it."""
    until = Lease.objects.filter(name=name).values_list("until", flat=True).first()
    return (until - clock.now()).total_seconds() if until else None


def give_back(name: str, holder: str) -> None:
    Lease.objects.filter(name=name, holder=holder).delete()
