"""Easyflow's events and platforms, each with the document that names it, and how long its pixels will work.

Its pages have no date and are all called version 1.0, but their lists differ: the older pages have 19 events and two
platforms, the newer ones five events and two platforms more.
"""

from typing import Literal

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ..values import LifecycleNotice, Preset, ProviderEvent, Text

OLDER = "Easyflow, POST /pixels, older page (docs.easyflow.digital/openapi/pixel/post-pixels)"
NEWER = "Easyflow, PATCH /pixels/{pixelId}, newer page (docs.easyflow.digital/openapi/pixel/patch-pixels-id)"
ONLY_NEWER = _("From a newer page of Easyflow's documents: where Easyflow refuses it, leave it out.")

# (value, label, document). The older page's list is cut off ("available platforms: and"). The page above it,
# docs.easyflow.digital/openapi/pixel, names Google and Meta.
PLATFORMS = (
    ("google", "Google", OLDER),
    ("meta", "Meta", OLDER),
    ("gtm", "Google Tag Manager", NEWER),
    ("tiktok", "TikTok", NEWER),
)

CHECKOUT = _("Checkout")
CUSTOMER = _("Customer and address")
CARD = _("Payment by card")
PIX = _("Payment by Pix")
BOLETO = _("Payment by boleto")
COUPON = _("Coupon")


def _word(
    value: str,
    sentence: Text,
    event: str,
    group: Text,
    grade: Literal["exact", "close", "none"] = "exact",
    note: Text = "",
    source: str = OLDER,
) -> ProviderEvent:
    if source == NEWER:
        note = format_lazy("{} {}", note, ONLY_NEWER) if note else ONLY_NEWER
    return ProviderEvent(
        value=value,
        label=value,
        sentence=sentence,
        event=event,
        grade=grade,
        source=source,
        group=group,
        note=note,
    )


VOCABULARY = (
    _word("checkout-initialized", _("A buyer opens the checkout"), "begin_checkout", CHECKOUT),
    _word("purchase-btn-clicked", _("A buyer presses the button to buy"), "purchase_attempted", CHECKOUT),
    _word(
        "purchase-completed",
        _("A purchase is finished"),
        "purchase",
        CHECKOUT,
        note=_("With Pix and boleto the payment may arrive long after the buyer has left the page."),
    ),
    _word("purchase-failed", _("A purchase fails"), "purchase_failed", CHECKOUT),
    _word("user-form-init", _("A buyer starts on their own details"), "custom", CUSTOMER, "none", source=NEWER),
    _word(
        "user-form-completed",
        _("A buyer fills in their own details"),
        "lead",
        CUSTOMER,
        "close",
        note=_("Buyers' details inside a checkout: a narrower moment than a lead elsewhere."),
    ),
    _word(
        "pre-checkout-form-init",
        _("A visitor starts on the form before the checkout"),
        "custom",
        CUSTOMER,
        "none",
        source=NEWER,
    ),
    _word(
        "pre-checkout-form-completed",
        _("A visitor fills in the form before the checkout"),
        "lead",
        CUSTOMER,
        "close",
        note=_("Easyflow does not say what this form asks for."),
        source=NEWER,
    ),
    _word("address-form-completed", _("A buyer fills in the address form"), "billing_address_completed", CUSTOMER),
    _word("delivery-address-completed", _("A buyer fills in the delivery address"), "shipping_info_added", CUSTOMER),
    _word("credit-card-selected", _("A buyer chooses to pay by card"), "payment_method_selected_card", CARD),
    _word("credit-card-form-init", _("A buyer starts on the card form"), "custom", CARD, "none", source=NEWER),
    _word("credit-card-form-completed", _("A buyer fills in the card form"), "payment_info_added", CARD),
    _word("pix-selected", _("A buyer chooses to pay by Pix"), "payment_method_selected_pix", PIX),
    _word("pix-generated", _("A Pix payment is created and waits for the buyer"), "pix_generated", PIX),
    _word("pix-copied", _("A buyer copies the Pix payment"), "pix_copied", PIX),
    _word("pix-expired", _("A Pix payment runs out unpaid"), "pix_expired", PIX),
    _word("bank-slip-selected", _("A buyer chooses to pay by boleto"), "payment_method_selected_boleto", BOLETO),
    _word("bank-slip-form-completed", _("A buyer fills in the boleto form"), "payment_info_added_boleto", BOLETO),
    _word("coupon-box-clicked", _("A buyer opens the coupon box"), "coupon_opened", COUPON),
    _word("coupon-form-init", _("A buyer starts to type a coupon"), "custom", COUPON, "none", source=NEWER),
    _word("coupon-form-completed", _("A buyer sends a coupon off"), "coupon_submitted", COUPON),
    _word("coupon-added", _("A coupon is accepted"), "coupon_applied", COUPON),
    _word("coupon-apply-failed", _("A coupon is refused"), "coupon_failed", COUPON),
)

PRESETS = (
    Preset(label=_("Purchase only"), events=("purchase-completed",)),
    Preset(
        label=_("Checkout funnel"),
        events=(
            "checkout-initialized",
            "user-form-completed",
            "delivery-address-completed",
            "purchase-btn-clicked",
            "purchase-completed",
        ),
    ),
)

LIFECYCLE_NOTICE = LifecycleNotice(
    status="active",
    sentence=_("Easyflow's documents describe its pixels as current."),
    source="https://docs.easyflow.digital/openapi/pixel",
    as_of="2026-11-21",
)
