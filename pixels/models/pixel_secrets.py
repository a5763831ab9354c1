"""The secret options of a pixel, in a table of their own so that no list of pixels loads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from django.db import models

from pixels.providers.secret import Secret

from .pixel import Pixel
from .sealed import CannotOpen, seal, unseal


class PixelSecrets(models.Model):
    """Values that people type into a pixel's form and that no screen shows again; `names` says which options are set.

    The values are kept until the provider has accepted them, since a failed operation is sent again. Then only the
    names stay.
    """

    pixel = models.OneToOneField(Pixel, on_delete=models.CASCADE, primary_key=True, related_name="secrets")
    sealed = models.BinaryField(editable=False)
    names = models.JSONField(default=list, editable=False)

    class Meta:
        verbose_name_plural = "pixel secrets"

    def __str__(self) -> str:
        return f"Secrets of {self.pixel_id}"

    @property
    def _aad(self) -> str:
        return f"{self.pixel.team_id}/{self.pixel_id}/options"

    def put(self, values: Mapping[str, str]) -> None:
        self.sealed = seal(json.dumps(dict(values)).encode(), aad=self._aad)
        self.names = sorted({*self.names, *values})

    def open(self, names: Iterable[str]) -> dict[str, Secret]:
        """The values of the named options that are set. Raises CannotOpen."""
        if not self.sealed:
            return {}  # the provider has them
        values = json.loads(unseal(self.sealed, aad=self._aad))
        return {name: Secret(values[name]) for name in names if name in values}

    def reseal(self) -> None:
        """Seal with the newest key what any key can open; saves."""
        if self.sealed:
            values = {name: secret.reveal() for name, secret in self.open(self.names).items()}
            self.sealed = seal(json.dumps(values).encode(), aad=self._aad)
            self.save(update_fields=["sealed"])


def keep_secrets(pixel: Pixel, values: Mapping[str, str]) -> None:
    """Add these values to those stored for the pixel."""
    if not values:
        return
    row = PixelSecrets.objects.select_for_update(of=("self",)).filter(pixel=pixel).first() or PixelSecrets(pixel=pixel)
    row.pixel = pixel
    try:
        before = {name: secret.reveal() for name, secret in row.open(row.names).items()} if row.names else {}
    except CannotOpen:
        before = {}  # the old values cannot be opened any more; only the new ones are stored
    row.put({**before, **values})
    row.save()


def forget_secrets(pixel: Pixel) -> None:
    """Delete the values: the provider has them, or will never get them."""
    PixelSecrets.objects.filter(pixel=pixel).update(sealed=b"")


def open_secrets(pixel: Pixel, names: Iterable[str]) -> dict[str, Secret]:
    """The values of the named options. Raises CannotOpen, also if one is not stored any more."""
    wanted = list(names)
    if not wanted:
        return {}
    row = PixelSecrets.objects.select_related("pixel").filter(pixel=pixel).first()
    found = row.open(wanted) if row else {}
    if set(wanted) - set(found):
        raise CannotOpen("a secret option of this pixel is not there")
    return found
