"""Easyflow's 19 events, and what is known of the life of its pixels.

The words are those of its page "Create pixel" (version 1.0). A newer page lists five more, not offered here.
"""

from ..base import Outlook, Preset, Word

CHECKOUT = "Checkout"
CUSTOMER = "Customer and address"
CARD = "Payment by card"
PIX = "Payment by Pix"
BOLETO = "Payment by boleto"
COUPON = "Coupon"


def _word(value: str, sentence: str, event: str, group: str, grade: str = "exact", note: str = "") -> Word:
    return Word(
        value=value,
        label=value,
        sentence=sentence,
        event=event,
        grade="exact" if grade == "exact" else "close",
        group=group,
        note=note,
    )


VOCABULARY = (
    _word("checkout-initialized", "A buyer opens the checkout", "begin_checkout", CHECKOUT),
    _word("purchase-btn-clicked", "A buyer presses the button to buy", "purchase_attempted", CHECKOUT),
    _word(
        "purchase-completed",
        "A purchase is finished",
        "purchase",
        CHECKOUT,
        note="With Pix and boleto the payment may arrive long after the buyer has left the page.",
    ),
    _word("purchase-failed", "A purchase fails", "purchase_failed", CHECKOUT),
    _word(
        "user-form-completed",
        "A buyer fills in their own details",
        "lead",
        CUSTOMER,
        grade="close",
        note="Buyers' details inside a checkout: a narrower moment than a lead elsewhere.",
    ),
    _word("address-form-completed", "A buyer fills in the address form", "billing_address_completed", CUSTOMER),
    _word("delivery-address-completed", "A buyer fills in the delivery address", "shipping_info_added", CUSTOMER),
    _word("credit-card-selected", "A buyer chooses to pay by card", "payment_method_selected_card", CARD),
    _word("credit-card-form-completed", "A buyer fills in the card form", "payment_info_added", CARD),
    _word("pix-selected", "A buyer chooses to pay by Pix", "payment_method_selected_pix", PIX),
    _word("pix-generated", "A Pix payment is created and waits for the buyer", "pix_generated", PIX),
    _word("pix-copied", "A buyer copies the Pix payment", "pix_copied", PIX),
    _word("pix-expired", "A Pix payment runs out unpaid", "pix_expired", PIX),
    _word("bank-slip-selected", "A buyer chooses to pay by boleto", "payment_method_selected_boleto", BOLETO),
    _word("bank-slip-form-completed", "A buyer fills in the boleto form", "payment_info_added_boleto", BOLETO),
    _word("coupon-box-clicked", "A buyer opens the coupon box", "coupon_opened", COUPON),
    _word("coupon-form-completed", "A buyer sends a coupon off", "coupon_submitted", COUPON),
    _word("coupon-added", "A coupon is accepted", "coupon_applied", COUPON),
    _word("coupon-apply-failed", "A coupon is refused", "coupon_failed", COUPON),
)

PRESETS = (
    Preset(label="Purchase only", words=("purchase-completed",)),
    Preset(
        label="Checkout funnel",
        words=(
            "checkout-initialized",
            "user-form-completed",
            "delivery-address-completed",
            "purchase-btn-clicked",
            "purchase-completed",
        ),
    ),
)

OUTLOOK = Outlook(
    status="active",
    sentence="Easyflow's documents describe its pixels as current.",
    source="https://docs.easyflow.digital/openapi/pixel",
    as_of="2026-11-21",
)
