from django.db import models


class RateLimit(models.Model):
    """What one user of a provider has asked of it lately. All workers that speak for this user share the row.

    In the database and not in the broker: a broker that loses its memory must not make PixelHub exceed a limit.
    """

    key = models.CharField(max_length=64, primary_key=True, editable=False)  # a keyed hash of who it is
    reads = models.JSONField(default=list)  # [seconds since 1970, for whom] of each call in the window
    writes = models.JSONField(default=list)
    reads_refused = models.JSONField(default=list)  # the same of those that found no room, the latest of each
    writes_refused = models.JSONField(default=list)
    on_the_way = models.JSONField(default=list)  # [counts until, whose, how many]: requests that have not ended yet
    blocked_until = models.DateTimeField(null=True, blank=True)  # the provider asked us to wait
    reads_allowed = models.PositiveIntegerField(null=True, blank=True)  # less than the limit, after it said "too many"
    writes_allowed = models.PositiveIntegerField(null=True, blank=True)
    adjusted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key[:8]
