"""Xandr's categories of conversion events, and how long its pixels will work.

The values are those of `pixel_conversion_event_id`; NO_CATEGORY stands for null.
"""

from django.utils.translation import gettext_lazy as _

from ..values import LifecycleNotice, ProviderEvent

NO_CATEGORY = "none"
SOURCE = "Xandr, Conversion Pixel Service, pixel_conversion_event_id (learn.microsoft.com/en-us/xandr)"

VOCABULARY = (
    ProviderEvent(
        value="2",
        label="LandingPage",
        sentence=_("A visitor arrives after seeing an ad"),
        event="landing_page",
        grade="exact",
        source=SOURCE,
        near={"page_view": _("Xandr means the page that a visitor lands on after an ad, not every page.")},
    ),
    ProviderEvent(
        value="3",
        label="ItemView",
        sentence=_("A visitor looks at a product or service"),
        event="view_item",
        grade="exact",
        source=SOURCE,
    ),
    ProviderEvent(
        value="4",
        label="AddToCart",
        sentence=_("A visitor puts something into the cart"),
        event="add_to_cart",
        grade="exact",
        source=SOURCE,
    ),
    ProviderEvent(
        value="5",
        label="InitiateCheckout",
        sentence=_("A buyer starts the checkout"),
        event="begin_checkout",
        grade="exact",
        source=SOURCE,
    ),
    ProviderEvent(
        value="6",
        label="AddPaymentInfo",
        sentence=_("A buyer fills in payment details"),
        event="payment_info_added",
        grade="exact",
        source=SOURCE,
        near={
            "payment_method_selected_pix": _("Pix has no form to fill in; at Xandr it counts as payment details."),
            "payment_info_added_boleto": _("Xandr does not tell a boleto from other ways to pay."),
        },
    ),
    ProviderEvent(
        value="7",
        label="Purchase",
        sentence=_("A purchase is confirmed"),
        event="purchase",
        grade="exact",
        source=SOURCE,
    ),
    ProviderEvent(
        value="8",
        label="Lead",
        sentence=_("Somebody interested leaves contact details"),
        event="lead",
        grade="close",
        source=SOURCE,
        note=_("Xandr means contact details such as e-mail addresses or zip codes."),
        near={"registration": _("Xandr does not tell a registration from other leads.")},
    ),
    ProviderEvent(
        value=NO_CATEGORY,
        label=_("No category"),
        sentence=_("None of these fits"),
        event="custom",
        grade="none",
        source=SOURCE,
    ),
)

LIFECYCLE_NOTICE = LifecycleNotice(
    status="closing",
    sentence=_(
        "Microsoft Invest, the buying side of Xandr, closed on 2026-02-28: "
        "ask Microsoft whether your member can still use conversion pixels."
    ),
    source="https://ppc.land/microsoft-to-sunset-xandr-dsp-raising-concerns-about-programmatic-transparency",
    as_of="2026-11-21",
)
