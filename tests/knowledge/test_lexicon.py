"""The word lists decide false alarms: these are the names and values that they must and must not take."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

import tillproof.knowledge
from tillproof.knowledge.schema import Lexicon

_FILE = Path(tillproof.knowledge.__file__).parent / "lexicon.yaml"
_LEXICON = msgspec.convert(yaml.safe_load(_FILE.read_text(encoding="utf-8")), Lexicon)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-\s]+", "_", name).lower()


def _takes(words: str, name: str) -> bool:
    return any(re.fullmatch(pattern, _snake(name)) for pattern in getattr(_LEXICON, words))


_TAKEN = {
    "money_fields": "amount price total subtotal grand_total unitPrice orderTotal totalPrice amountInCents mc_gross TXNAMOUNT",
    "not_money": "price_id priceId totalCount total_pages amount_type stripe_price_id isPriceVisible priceRange totalItems bcryptCost",
    "tax_fields": "tax taxAmount totalTax vat",
    "shipping_fields": "shippingCost shipping_fee delivery_charge",
    "discount_fields": "discount discountAmount couponDiscount",
    "currency_fields": "currency currencyCode order_currency",
    "quantity_fields": "quantity qty itemQty",
    "stock_fields": "stock stockQuantity countInStock inventory_quantity available_seats",
    "paid_fields": "isPaid paid payment_status paymentStatus financial_status paidAt datePaid has_paid paymentCompleted",
    "paid_values": "paid PAID succeeded success captured TXN_SUCCESS PaymentSettled payment_complete",
    "fulfil_values": "completed processing confirmed wc-completed active shipped",
    "open_values": "pending requires_payment_method authorized on-hold wc-on-hold",
    "dead_values": "failed canceled cancelled refunded expired partially_refunded",
    "status_fields": "status orderStatus payment_state order_status_id invoice_status import_order_status",
    "order_entities": "Order SalesOrder payments booking OrderItem wallet userSubscription CheckoutSession",
    "fulfil_verbs": "markAsPaid mark_order_paid payment_complete fulfillOrder confirmOrder grantAccess creditWallet enrollUser shipOrder",
    "staff_guards": "requireAdmin isAdmin adminOnly admin_required get_current_admin restrictTo RolesGuard adminMiddleware",
    "card_number_fields": "cardNumber card_number CardNumber cardnumber cc_number ccNumber x_card_num card-number credit_card_number "
    "numeroTarjeta",
    "card_code_fields": "cvv CVV2 cvc card_cvv cardSecurityCode card_security_code cc_cid",
    "card_track_fields": "track2_data cardTrackData magstripe",
    "card_beside_fields": "number securityCode card_code",
    "not_card": "masked_card_number cardNumberLast4 card_number_token cvvResult cvc_check gift_card_number loyaltyCardNumber "
    "isCardNumberValid "
    "invalid_card_number encryptedCardNumber cardNumberElement",
    "secret_headers": "Authorization X-API-Key authHeader",
    "not_secret": "token has_secret payment_token user_password_token missing_api_key",
    "redacting_verbs": "maskCard redact scrubHeaders last_four omit sanitizeForLog hash_card",
    "logger_names": "logger log _logger auditLogger",
    "log_methods": "info warning error critical",
    "customer_guards": "requireAuth protect isAuthenticated verifyToken get_current_user authMiddleware login_required JwtAuthGuard",
}
_REFUSED = {
    "money_fields": "discount_code currency id quantity prices_page_url balance",
    "currency_fields": "current",
    "quantity_fields": "account discount",
    "paid_fields": "unpaid prepaid paidBy payment_method status",
    "paid_values": "pending unpaid not_paid completed processing approved authorized failed",
    "fulfil_values": "pending failed cancelled",
    "open_values": "paid",
    "dead_values": "paid",
    "status_fields": "statute static sync_status erp_sync_state unicommerce_invoicing_status billing_state http_status_code email_status",
    "order_entities": "user product border",
    "fulfil_verbs": "createOrder getOrder cancelOrder sendEmail complete activate add sendOrderConfirmation",
    "staff_guards": "auth requireAuth administer",
    "card_number_fields": "card_last4 card_type card_id discard_no phone_number account_number",
    "card_code_fields": "country_code postcode coupon_code",
    "card_track_fields": "tracking_number track_title",
    "not_card": "card_number cardNumber cvv cc_number creditCardNumber",
    "secret_headers": "content_type user_agent",
    "not_secret": "secret_key stripe_secret_key access_token api_key webhook_secret",
    "redacting_verbs": "get_card charge format",
    "logger_names": "catalog dialog blog",
    "customer_guards": "session user token verifySignature verifyWebhookToken rateLimit optionalAuth",
}


@pytest.mark.parametrize(("words", "name"), [(words, name) for words, names in _TAKEN.items() for name in names.split()])
def test_takes(words: str, name: str) -> None:
    assert _takes(words, name)


@pytest.mark.parametrize(("words", "name"), [(words, name) for words, names in _REFUSED.items() for name in names.split()])
def test_refuses(words: str, name: str) -> None:
    assert not _takes(words, name)


def test_a_value_has_one_meaning() -> None:
    values = _TAKEN["paid_values"].split() + _TAKEN["open_values"].split() + _TAKEN["dead_values"].split()
    meanings = ("paid_values", "open_values", "dead_values")
    assert [value for value in values if sum(_takes(words, value) for words in meanings) != 1] == []
