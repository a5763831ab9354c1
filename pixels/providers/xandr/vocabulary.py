"""Xandr's conversion event categories, and how long its pixels have to live.

The values are what `pixel_conversion_event_id` holds; NO_CATEGORY stands for its null.
"""

from ..base import Outlook, Word

NO_CATEGORY = "none"

VOCABULARY = (
    Word(
        value="2",
        label="LandingPage",
        sentence="A visitor arrives after seeing an ad",
        event="landing_page",
        grade="exact",
    ),
    Word(
        value="3",
        label="ItemView",
        sentence="A visitor looks at a product or service",
        event="view_item",
        grade="exact",
    ),
    Word(
        value="4",
        label="AddToCart",
        sentence="A visitor puts something into the cart",
        event="add_to_cart",
        grade="exact",
    ),
    Word(
        value="5",
        label="InitiateCheckout",
        sentence="A buyer starts the checkout",
        event="begin_checkout",
        grade="exact",
    ),
    Word(
        value="6",
        label="AddPaymentInfo",
        sentence="A buyer fills in payment details",
        event="payment_info_added",
        grade="exact",
    ),
    Word(value="7", label="Purchase", sentence="A purchase is confirmed", event="purchase", grade="exact"),
    Word(
        value="8",
        label="Lead",
        sentence="Somebody interested leaves contact details",
        event="lead",
        grade="close",
    ),
    Word(
        value=NO_CATEGORY,
        label="No category",
        sentence="None of these fits",
        event="custom",
        grade="none",
    ),
)

OUTLOOK = Outlook(
    status="closing",
    sentence=(
        "Microsoft Invest, the buying side of Xandr, closed on 2026-02-28: "
        "ask Microsoft whether your member can still use conversion pixels."
    ),
    source="https://ppc.land/microsoft-to-sunset-xandr-dsp-raising-concerns-about-programmatic-transparency",
    as_of="2026-11-21",
)
