from django.db import models


class RateLimit(models.Model):
    """The recent calls of one user of a provider. All workers that speak for this user share the row.

    It is in the database and not in the broker: a broker that loses its data must not make PixelHub exceed a limit.
    """

    key = models.CharField(max_length=64, primary_key=True, editable=False)  # a keyed hash of the user
    reads = models.JSONField(default=list)  # [seconds since 1970, owner] of each call in the window
    writes = models.JSONField(default=list)
    reads_refused = models.JSONField(default=list)  # the same for refused calls, the latest of each owner
    writes_refused = models.JSONField(default=list)
    on_the_way = models.JSONField(default=list)  # [end of its deadline, which session, how many]: requests under way
    blocked_until = models.DateTimeField(null=True, blank=True)  # until then, as the provider has asked
    # fewer than the limit, after the provider answered "too many"
    reads_allowed = models.PositiveIntegerField(null=True, blank=True)
    writes_allowed = models.PositiveIntegerField(null=True, blank=True)
    adjusted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key[:8]
