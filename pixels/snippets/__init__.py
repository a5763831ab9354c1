"""Issues and stores the code that people paste: numbered, fingerprinted, never changed afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import DatabaseError, transaction

from pixels.models import Pixel, Snippet
from pixels.providers.values import Tag


@dataclass(frozen=True)
class Issued:
    """A stored snippet, with the provider's tag that it was made from."""

    tag: Tag
    snippet: Snippet


def issue(pixel: Pixel) -> None:
    """Store the current code of each of the pixel's tags that differs from its last issue."""
    issue_all([pixel])


def issue_all(pixels: Collection[Pixel]) -> None:
    """The same for several pixels, in two queries."""
    if not pixels:
        return
    latest: dict[tuple[UUID, str], Snippet] = {}
    for snippet in Snippet.objects.filter(pixel__in=pixels).order_by("number"):
        latest[snippet.pixel_id, snippet.slug] = snippet
    new = []
    for pixel in pixels:
        for tag in pixel.provider_class.tags(pixel.tag_context()):
            last = latest.get((pixel.pk, tag.slug))
            if last is None or last.body != tag.body:
                new.append(_issue(pixel, tag, last.number + 1 if last else 1))
    Snippet.objects.bulk_create(new)


def shown(pixel: Pixel) -> list[Issued]:
    """The snippets that a page shows: the latest issue of each tag that the pixel has today, in the provider's order.

    A pixel that a sync brought in gets its first issue when it is first shown: nothing was handed out before, and a
    list of a hundred thousand needs no rows for code that nobody looks at.
    """
    gone = not pixel.remote_id or pixel.lifecycle == Pixel.Lifecycle.DELETED
    tags = [] if gone else pixel.provider_class.tags(pixel.tag_context())
    stored = {snippet.slug: snippet for snippet in _latest(pixel)}
    if new := [_issue(pixel, tag, 1) for tag in tags if tag.slug not in stored]:
        with suppress(DatabaseError), transaction.atomic():  # a page is shown even if the database is full
            Snippet.objects.bulk_create(new, ignore_conflicts=True)
        stored |= {snippet.slug: snippet for snippet in new}
    return [Issued(tag, stored[tag.slug]) for tag in tags]


def _issue(pixel: Pixel, tag: Tag, number: int) -> Snippet:
    return Snippet(pixel=pixel, slug=tag.slug, number=number, body=tag.body, fingerprint=fingerprint(tag.body))


def fingerprint(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _latest(pixel: Pixel) -> list[Snippet]:
    rows = pixel.snippets.order_by("slug", "number")
    return list({snippet.slug: snippet for snippet in rows}.values())
