"""Random pixels, as the providers' forms let people make them."""

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
        for platform, label in (("google", texts), ("meta", st.none()))
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


def events_of(provider: type[Provider]) -> st.SearchStrategy[tuple[str, ...]]:
    words = [word.value for word in provider.vocabulary]
    if provider.can("one_event_per_pixel"):
        return st.sampled_from(words).map(lambda word: (word,))
    return st.sets(st.sampled_from(words), min_size=1).map(lambda some: tuple(sorted(some, key=words.index)))
