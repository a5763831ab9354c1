"""Issuing and storing the bytes to paste: numbered, fingerprinted, never changed afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from pixels.models import Pixel, Snippet
from pixels.providers.base import Tag


@dataclass(frozen=True)
class Issued:
    """A stored snippet with what its provider says around it."""

    tag: Tag
    snippet: Snippet


def issue(pixel: Pixel) -> None:
    """Store the current bytes of each of the pixel's tags, where they differ from the last issue."""
    last = {snippet.slug: snippet for snippet in _latest(pixel)}
    for tag in pixel.provider_class.tags(pixel.tag_subject()):
        if tag.slug not in last or last[tag.slug].body != tag.body:
            Snippet.objects.create(
                pixel=pixel,
                slug=tag.slug,
                number=last[tag.slug].number + 1 if tag.slug in last else 1,
                body=tag.body,
                fingerprint=fingerprint(tag.body),
            )


def issue_first(pixels: Iterable[Pixel]) -> None:
    """The same for pixels that have none yet, in one query."""
    Snippet.objects.bulk_create(
        Snippet(pixel=pixel, slug=tag.slug, number=1, body=tag.body, fingerprint=fingerprint(tag.body))
        for pixel in pixels
        for tag in pixel.provider_class.tags(pixel.tag_subject())
    )


def current(pixel: Pixel) -> list[Issued]:
    """The latest issue of each tag the pixel has today, in the provider's order. One query."""
    stored = {snippet.slug: snippet for snippet in _latest(pixel)}
    gone = not pixel.remote_id or pixel.lifecycle == Pixel.Lifecycle.DELETED
    tags = [] if gone else pixel.provider_class.tags(pixel.tag_subject())
    return [Issued(tag, stored[tag.slug]) for tag in tags if tag.slug in stored]


def fingerprint(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _latest(pixel: Pixel) -> list[Snippet]:
    rows = pixel.snippets.order_by("slug", "number")
    return list({snippet.slug: snippet for snippet in rows}.values())
