"""What takes the place of card fields of our own, per provider."""

from tillproof.commerce.model import Model

_CALLS = {
    "stripe": "mount Stripe's Payment Element (`stripe.elements()`), confirm with `stripe.confirmPayment()`, and take only the "
    "PaymentIntent id here",
    "braintree": "mount Braintree's Drop-in or Hosted Fields and take only the `payment_method_nonce` here",
    "authorize.net": "use Accept Hosted, or Accept.js with its hosted form, and take only `opaqueData` here",
    "paypal": "render PayPal's Card Fields or buttons and take only the order id here",
    "square": "attach the card of Square's Web Payments SDK (`payments.card()`) and take only the `source_id` here",
    "adyen": "mount Adyen's Drop-in (`checkout.create('dropin')`) and take only its result here",
    "razorpay": "open Razorpay Checkout and take only `razorpay_payment_id`, order id and signature here",
    "checkout.com": "mount Checkout.com's Flow or Frames and take only the token here",
    "cybersource": "use CyberSource's Microform and take only the transient token here",
    "mollie": "mount Mollie Components, or redirect to Mollie's page, and take only the card token here",
    "worldpay": "use Worldpay's Access Checkout fields and take only the session here",
    "mercadopago": "mount Mercado Pago's Card Payment Brick and take only the token here",
    "payu": "redirect to PayU's page, or use its secure form, and take only the token here",
}
_ANY = "take cards on the provider's own page or in its hosted fields, and only a token here"


def instead(model: Model, file: str) -> str:
    """What to write instead of card fields of our own, for the provider that the file's unit pays through."""
    for provider in model.handlers.paying(model.program.unit(file)):
        if provider.id in _CALLS:
            return _CALLS[provider.id]
    return _ANY
