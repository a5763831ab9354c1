"""PitchTarget's six tags, which are those of Facebook's conversion pixels of 2014, and how long they will work."""

from django.utils.translation import gettext_lazy as _

from ..values import LifecycleNotice, ProviderEvent

DOCUMENT = 'PitchTarget, "Working with Offsite Conversion Pixels", POST /offsitepixels (April 2014)'

VOCABULARY = (
    ProviderEvent(
        value="CHECKOUT",
        label="CHECKOUT",
        sentence=_("A purchase is finished"),
        event="purchase",
        grade="exact",  # from PitchTarget's own examples, "Shoes purchase" and "Purchase completed"
        source=DOCUMENT,
        # It does not mean begin_checkout, although other providers call that by a similar word: so no `near` for it.
        note=_("At PitchTarget, CHECKOUT means a finished purchase, not the start of a checkout."),
    ),
    ProviderEvent(
        value="REGISTRATION",
        label="REGISTRATION",
        sentence=_("Somebody signs up"),
        event="registration",
        grade="exact",
        source=DOCUMENT,
    ),
    ProviderEvent(
        value="LEAD",
        label="LEAD",
        sentence=_("Somebody leaves contact details"),
        event="lead",
        grade="close",
        source=DOCUMENT,
        note=_("PitchTarget's documents do not say what counts as a lead: decide it, and stay with it."),
    ),
    ProviderEvent(
        value="KEY_PAGE_VIEW",
        label="KEY_PAGE_VIEW",
        sentence=_("A visitor opens a page that matters to you"),
        event="page_view",
        grade="close",
        source=DOCUMENT,
        note=_("PitchTarget has this one tag for all pages that matter: its figures do not tell them apart."),
        near={
            "landing_page": _("PitchTarget has no tag for landing pages: this one counts any page that matters."),
            "view_item": _("PitchTarget has no tag for items: this one counts the page, not what is looked at."),
        },
    ),
    ProviderEvent(
        value="ADD_TO_CART",
        label="ADD_TO_CART",
        sentence=_("A visitor puts something into the cart"),
        event="add_to_cart",
        grade="exact",
        source=DOCUMENT,
    ),
    ProviderEvent(
        value="OTHER",
        label="OTHER",
        sentence=_("Something else that matters to you"),
        event="custom",
        grade="exact",
        source=DOCUMENT,
    ),
)

LIFECYCLE_NOTICE = LifecycleNotice(
    status="legacy",
    sentence=_(
        "Facebook takes no new pixels of this kind since September 2016 and switched their tag off in February 2017: "
        "the code no longer measures anything. A value of 0.01 GBP is built into it."
    ),
    source="https://developers.facebook.com/ads/blog/post/v2/2016/08/03/pixel-migration/",
    as_of="2026-11-21",
)
