from django.db import models


class Lease(models.Model):
    """Who does a periodic job. One process at a time holds it, until a time that it keeps moving on."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=64)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
