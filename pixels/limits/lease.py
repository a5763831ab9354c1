"""A lease held by one scheduler at a time; another one takes over when the holder stops renewing it."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from pixels.limits import clock
from pixels.models import Lease

DISPATCH = "dispatch"  # the name of the scheduler's lease


def hold(name: str, holder: str, seconds: float) -> bool:
    """Take or renew the lease for so many seconds. Returns False while another holder has it."""
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
    """Seconds until the lease ends, negative if it has ended; None if nobody has taken it."""
    until = Lease.objects.filter(name=name).values_list("until", flat=True).first()
    return (until - clock.now()).total_seconds() if until else None


def give_back(name: str, holder: str) -> None:
    Lease.objects.filter(name=name, holder=holder).delete()
