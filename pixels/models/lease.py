from django.db import models


class Lease(models.Model):
    """Who does a periodic job: one at a time, until a moment that it moves on as long as it is there."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=64)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
