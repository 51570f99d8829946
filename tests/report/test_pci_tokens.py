"""The PCI note and the map where no page is among the files: servers that name a card by a token, and services that only hear."""

from pathlib import Path

import pytest

from tillproof.contract import Report
from tillproof.review import review
from tillproof.settings import Settings

STRIPE = "const stripe = require('stripe')(process.env.STRIPE_SECRET_KEY);\n"
METHOD = STRIPE + (
    "exports.pay = (req) => stripe.paymentIntents.create({ amount: 900, currency: 'eur', payment_method: req.body.method });\n"
)
CHARGE = (
    "import stripe\n\n\ndef charge(request, order):\n"
    "    return stripe.Charge.create(amount=order.cents, currency='usd', source=request.POST['stripeToken'])\n"
)
OMNIPAY = (
    "<?php\nuse Omnipay\\Omnipay;\nfunction pay($order, $method) {\n    $gateway = Omnipay::create('Stripe_PaymentIntents');\n"
    "    return $gateway->purchase(['amount' => $order->total, 'currency' => 'EUR', 'paymentMethod' => $method])->send();\n}\n"
)
ORDER = (
    "import razorpay\n\nclient = razorpay.Client(auth=(ID, SECRET))\n\n\ndef begin(order):\n"
    "    return client.order.create({'amount': order.paise, 'currency': 'INR', 'receipt': str(order.id)})\n"
)
FIXED = STRIPE + (
    "exports.pay = (o) => stripe.paymentIntents.create({ amount: o.cents, currency: 'eur', payment_method: 'pm_card_visa' });\n"
)


def reviewed(root: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return review(root, Settings(use_cache=False, checks=("boundary/insecure-transport",)))


@pytest.mark.parametrize(
    ("name", "text", "saq"),
    [
        ("pay.js", METHOD, "A"),
        ("pay.py", CHARGE, "A"),
        ("pay.php", OMNIPAY, "A"),
        ("pay.py", ORDER, "A"),
        ("pay.js", FIXED, "A"),
    ],
)
def test_where_the_server_hands_over_no_card_the_provider_takes_it(tmp_path: Path, name: str, text: str, saq: str) -> None:
    assert reviewed(tmp_path, {name: text}).pci.saq == saq


CLIENT = "import Stripe from 'stripe';\nexport const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!);\n"
TYPED = "import type Stripe from 'stripe';\nexport const idOf = (event: Stripe.Event) => event.id;\n"
HOOK = """import type Stripe from 'stripe';
import { stripe } from '../lib/stripe';
import { orders } from '../lib/orders';
export async function POST(req: Request) {
  const event = stripe.webhooks.constructEvent(await req.text(), req.headers.get('stripe-signature')!, process.env.HOOK!);
  if (event.type === 'checkout.session.completed') {
    await orders.update({ where: { session: (event.data.object as Stripe.Checkout.Session).id }, data: { status: 'paid' } });
  }
  return new Response('ok');
}
"""


def test_a_client_kept_for_the_proof_of_messages_asks_nobody(tmp_path: Path) -> None:
    files = {"lib/stripe.ts": CLIENT, "lib/id.ts": TYPED, "hook/route.ts": HOOK, "lib/orders.ts": "export const orders = prisma.order;\n"}
    report = reviewed(tmp_path, files)
    assert [(b.system, b.direction) for b in report.boundaries] == [("stripe", "inbound")]
    assert report.pci.saq == "A"  # what it hears of was paid on Stripe's own page


def test_one_that_asks_for_more_is_a_boundary_of_its_own(tmp_path: Path) -> None:
    files = {"lib/stripe.ts": CLIENT + "export const days = () => stripe.balance.retrieve();\n", "hook/route.ts": HOOK}
    directions = [b.direction for b in reviewed(tmp_path, files).boundaries if b.system == "stripe"]
    assert directions == ["inbound", "outbound"]
