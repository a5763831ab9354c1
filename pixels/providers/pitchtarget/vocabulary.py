"""PitchTarget's six tags (Facebook's conversion pixels of 2014), and what became of them."""

from ..base import Outlook, Word

VOCABULARY = (
    Word(
        value="CHECKOUT",
        label="CHECKOUT",
        sentence="A purchase is finished",
        event="purchase",
        grade="exact",  # by usage: PitchTarget's own examples are "Shoes purchase" and "Purchase completed"
        note="At PitchTarget, CHECKOUT means a finished purchase, not the start of a checkout.",
    ),
    Word(
        value="REGISTRATION",
        label="REGISTRATION",
        sentence="Somebody signs up",
        event="registration",
        grade="exact",
    ),
    Word(value="LEAD", label="LEAD", sentence="Somebody leaves contact details", event="lead", grade="close"),
    Word(
        value="KEY_PAGE_VIEW",
        label="KEY_PAGE_VIEW",
        sentence="A visitor opens a page that matters to you",
        event="page_view",
        grade="close",
    ),
    Word(
        value="ADD_TO_CART",
        label="ADD_TO_CART",
        sentence="A visitor puts something into the cart",
        event="add_to_cart",
        grade="exact",
    ),
    Word(
        value="OTHER",
        label="OTHER",
        sentence="Something else that matters to you",
        event="custom",
        grade="exact",
    ),
)

OUTLOOK = Outlook(
    status="legacy",
    sentence="Facebook switched these pixels off in February 2017: their code no longer measures anything.",
    source="https://developers.facebook.com/ads/blog/post/v2/2016/08/03/pixel-migration/",
    as_of="2016-08-03",
)
