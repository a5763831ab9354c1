"""Issuing and storing the bytes to paste: numbered, fingerprinted, never changed afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from pixels.models import Pixel, Snippet
from pixels.models.bulk import Writer
from pixels.providers.base import Provider, Tag, TagSubject


@dataclass(frozen=True)
class Issued:
    """A stored snippet with what its provider says around it."""

    tag: Tag
    snippet: Snippet


def issue(pixel: Pixel) -> None:
    """Store the current bytes of each of the pixel's tags, where they differ from the last issue."""
    issue_all([pixel])


def issue_all(pixels: Collection[Pixel]) -> None:
    """The same for several, in two queries."""
    if not pixels:
        return
    latest: dict[tuple[UUID, str], Snippet] = {}
    for snippet in Snippet.objects.filter(pixel__in=pixels).order_by("number"):
        latest[snippet.pixel_id, snippet.slug] = snippet
    new = []
    for pixel in pixels:
        for tag in pixel.provider_class.tags(pixel.tag_subject()):
            last = latest.get((pixel.pk, tag.slug))
            if last is None or last.body != tag.body:
                number = last.number + 1 if last else 1
                new.append(
                    Snippet(pixel=pixel, slug=tag.slug, number=number, body=tag.body, fingerprint=fingerprint(tag.body))
                )
    Snippet.objects.bulk_create(new)


def issue_first(provider: type[Provider], tagged: Iterable[tuple[UUID, TagSubject]]) -> None:
    """The first issue for many new pixels of one provider, by their ids."""
    rows = [
        (pixel_id, tag.slug, tag.body, fingerprint(tag.body))
        for pixel_id, subject in tagged
        for tag in provider.tags(subject)
    ]
    Writer(Snippet(number=1), "pixel", "slug", "body", "fingerprint").insert(rows)


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
