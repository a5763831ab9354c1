"""Random pixels: as the providers' forms let people make them, and as no provider should answer with."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from pixels.providers.base import Provider

# Whatever people type on one line, without white space at its ends (which forms drop).
texts = (
    st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)
optional_texts = st.none() | texts
names = texts
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)
urls = st.integers(1, 99).map(lambda number: f"https://shop.example/pixel?n={number}&x=1")


def piggybacks_of(kind: str, most: int) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(urls, max_size=most).map(lambda found: [{"pixel_type": kind, "url": url} for url in found])


piggybacks = piggybacks_of("img", 1) | piggybacks_of("js", 3)

OPTIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "easyflow": st.one_of(
        st.fixed_dictionaries(
            {
                "platform": st.just(platform),
                "conversion_label": label,
                "code": optional_texts,
                "description": optional_texts,
                "external_reference": texts,
            }
        )
        for platform, label in (("google", texts), *((other, st.none()) for other in ("meta", "gtm", "tiktok")))
    ),
    "pitchtarget": st.just({}),
    "xandr": st.fixed_dictionaries(
        {
            "state": st.sampled_from(["active", "inactive"]),
            "trigger_type": st.sampled_from(["click", "view", "hybrid"]),
            "min_minutes_per_conv": st.none() | st.integers(0, 32767),
            "post_click_expire_mins": st.none() | st.integers(0, 129600),
            "post_view_expire_mins": st.none() | st.integers(0, 43200),
            "post_click_value": values,
            "post_view_value": values,
            "code": optional_texts,
            "piggyback_pixels": piggybacks,
        }
    ),
}


# What no document promises: any JSON, and above all texts that only look like numbers and numbers that are none.
odd_texts = st.sampled_from(["", "nan", "Infinity", "-inf", "1e999", "7", "1.5", "\x00", "\ud800", "a\nb"]) | st.text(
    max_size=8
)
odd_scalars = (
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats(allow_nan=False, allow_infinity=False)
) | odd_texts


def odd_values(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        odd_scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=6,
    )


# A provider's pixel in its own words, and the names of what lies around and below its fields.
PIXELS: dict[str, dict[str, Any]] = {
    "easyflow": {
        "id": "px_1",
        "name": "Shop",
        "status": "active",
        "events": ["pix-copied"],
        "platform": "google",
        "code": "AW-1",
        "description": "Shop",
        "externalReferenceId": "ph-1",
        "metadata": {"conversion-label": "AbC"},
        "serverSideMetadata": {"enable-capi-access-token": "true"},
    },
    "pitchtarget": {
        "id": "1",
        "name": "Shop",
        "tag": "checkout",
        "status": "Active",
        "js_pixel": "<b>",
        "creator": {"name": "x"},
    },
    "xandr": {
        "id": 1,
        "name": "Shop",
        "state": "active",
        "trigger_type": "click",
        "code": "ph-1",
        "advertiser_id": 2,
        "pixel_conversion_event": {"id": 7, "name": "Purchase"},
        "pixel_conversion_event_id": 7,
        "min_minutes_per_conv": None,
        "post_click_expire_mins": 20160,
        "post_view_expire_mins": 0,
        "post_click_value": 1.5,
        "post_view_value": None,
        "piggyback_pixels": [{"pixel_type": "img", "url": "https://shop.example/1"}],
    },
}
AROUND: dict[str, list[str]] = {
    "easyflow": ["statusCode", "message", "error", "data", "pixel", "conversion-label"],
    "pitchtarget": ["error", "errors", "message"],
    "xandr": [
        *("response", "status", "count", "pixel", "pixels", "dbg_info", "output_term", "token"),
        *("error_id", "error_code", "error", "error_description", "pixel_type", "url"),
    ],
}

# The bodies in which a provider hands over a pixel: in a list or by itself.
ANSWERS: dict[str, list[Callable[[Any], Any]]] = {
    "easyflow": [lambda pixel: {"data": {"pixel": pixel}}],
    "pitchtarget": [lambda pixel: [pixel], lambda pixel: pixel],
    "xandr": [
        lambda pixel: {"response": {"status": "OK", "count": 1, "pixels": [pixel]}},
        lambda pixel: {"response": {"status": "OK", "id": pixel["id"], "pixel": pixel}},
    ],
}


def odd_fields(slug: str) -> st.SearchStrategy[Any]:
    return odd_values(st.sampled_from([*PIXELS[slug], *AROUND[slug]]))


def odd_pixels(slug: str) -> st.SearchStrategy[dict[str, Any]]:
    """The provider's pixel with some of its fields left out and some of an odd value."""
    odd = odd_fields(slug)
    sample = PIXELS[slug]
    changes = st.dictionaries(st.sampled_from(sorted(sample)), odd, max_size=4)
    without = st.sets(st.sampled_from(sorted(sample.keys() - {"id"})), max_size=4)
    return st.builds(
        lambda changes, without: {key: value for key, value in {**sample, **changes}.items() if key not in without},
        changes,
        without,
    )


def odd_answers(slug: str) -> st.SearchStrategy[Any]:
    """Mostly answers with one such pixel, so that parsing gets far; also what is no answer at all."""
    answers = st.builds(lambda answer, pixel: answer(pixel), st.sampled_from(ANSWERS[slug]), odd_pixels(slug))
    junk = odd_fields(slug)
    return st.integers(0, 4).flatmap(lambda number: answers if number else junk)


def events_of(provider: type[Provider]) -> st.SearchStrategy[tuple[str, ...]]:
    words = [word.value for word in provider.vocabulary]
    if provider.can("one_event_per_pixel"):
        return st.sampled_from(words).map(lambda word: (word,))
    return st.sets(st.sampled_from(words), min_size=1).map(lambda some: tuple(sorted(some, key=words.index)))
