"""Fields in which we keep what a provider calls a payment, or what it takes payments for."""

import re

PAYMENT_ID = re.compile(
    r"(\w+_)?(session|intent|payment_intent|transaction|txn|trx|trans?|charge|provider|gateway|external|psp|reference|checkout_session|capture|preference|merchant"
    r"|stripe|paypal|adyen|razorpay|rzp|mollie|square|klarna|braintree|paystack|paymob|flutterwave|mercadopago|midtrans|xendit|iyzico|cashfree"
    r"|mpesa|paytm|paymongo|omise|pagseguro|pagbank|bkash|coinbase|btc_?pay|nowpayments|przelewy24|p24|wompi|conekta|payplug|alipay|instamojo"
    r"|checkout_request|merchant_request|phonepe|payu|monei|tap|gocardless|payment|order_ref|invoice)_?(session_?|order_?|payment_?|intent_?|txn_?)?"
    r"(id|token|reference|ref|no|number|code|key)|token|(\w+_)?(session|intent|transaction|charge|reference|psp_reference|preference)(_id)?"
)
"""Fields in which a payment's own id at the provider is kept."""
_SUBSCRIPTION_ID = re.compile(
    r"(\w+_)?(stripe|paypal|razorpay|rzp|mollie|square|braintree|paystack|paddle|lemon_?squeezy|polar|chargebee|recurly|flutterwave|mercadopago|iyzico"
    r"|cashfree|gocardless|provider|gateway|external|psp|merchant)_?(subscription|subscr|recurring|agreement|mandate|plan_subscription)_?(id|code|token|ref|reference)?"
)


def keeps_theirs(name: str) -> bool:
    """Whether a field, in lower snake case, keeps the provider's id of a payment, or of the subscription that it takes payments for."""
    return PAYMENT_ID.fullmatch(name) is not None or _SUBSCRIPTION_ID.fullmatch(name) is not None
