from django.db import models

from .pixel import Pixel


class Snippet(models.Model):
    """The bytes to paste, numbered and fingerprinted once issued; never changed afterwards."""

    pixel = models.ForeignKey(Pixel, on_delete=models.CASCADE, related_name="snippets", db_index=False)
    slug = models.CharField(max_length=32)  # the provider's tag: "image", "script", "code" …
    number = models.PositiveIntegerField()
    body = models.TextField()
    fingerprint = models.CharField(max_length=64)  # sha256 of the body in UTF-8
    issued_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["slug", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["pixel", "slug", "number"], name="snippet_number_unique_in_pixel")
        ]

    def __str__(self) -> str:
        return f"{self.slug} #{self.number}"
