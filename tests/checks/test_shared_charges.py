"""One client that charges for several routes: each route that hands it the client's own sum is named where it reads it."""

from pathlib import Path

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

SHOP = {
    "package.json": '{"dependencies": {"express": "4", "stripe": "14"}}',
    "src/app.js": """\
const express = require('express');
const desk = require('./desk');
const app = express();
app.use(express.json());
app.post('/pay', desk.pay.bind(desk));
app.post('/express', desk.quick.bind(desk));
app.post('/orders/:id/pay', desk.order.bind(desk));
""",
    "src/desk.js": """\
const gateways = require('./gateways');
const prices = { a: 500, b: 900 };
class Desk {
  async pay(req, res) {
    res.json(await gateways.start({
      code: 'stripe',
      amount: req.body.amount
    }));
  }
  async quick(req, res) {
    const { total } = req.body;
    try {
      res.json(await gateways.start({ code: 'stripe', amount: total }));
    } catch (error) {
      res.json(await gateways.start({ code: 'cash', amount: req.body.total }));
    }
  }
  async order(req, res) {
    res.json(await gateways.start({ code: 'stripe', amount: prices[req.params.id] }));
  }
}
module.exports = new Desk();
""",
    "src/gateways.js": """\
const StripeGateway = require('./stripe');
class Cash { async start({ amount }) { return { due: amount }; } }
class Gateways {
  constructor() { this.all = { stripe: new StripeGateway(), cash: new Cash() }; }
  find(code) { return this.all[code]; }
  async start({ code, amount }) {
    const gateway = this.find(code);
    if (!gateway) throw new Error('unknown');
    return gateway.start({ amount });
  }
}
module.exports = new Gateways();
""",
    "src/stripe.js": """\
const Stripe = require('stripe');
class StripeGateway {
  client() { this.stripe = this.stripe || new Stripe(process.env.STRIPE_KEY); return this.stripe; }
  async start({ amount }) {
    const cents = Math.round(Number(amount));
    return this.client().paymentIntents.create({ amount: cents, currency: 'eur' });
  }
}
module.exports = StripeGateway;
""",
}


def test_every_route_is_named_once_where_it_reads_the_sum(tmp_path: Path) -> None:
    write(tmp_path, SHOP)
    findings = review(tmp_path, Settings(checks=("payment/client-amount",), use_cache=False)).findings
    read = [(step.file, step.line) for f in findings for step in f.trace if step.kind == "source"]
    assert sorted(read) == [("src/desk.js", 7), ("src/desk.js", 11)]
    assert sorted((f.file, f.start_line) for f in findings) == [("src/desk.js", 11), ("src/stripe.js", 6)]
