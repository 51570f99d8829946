"""Which of the routes that customers call the report lists as handlers: where something is paid by it, whatever the route is called."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_APP = """\
const express = require('express');
const Stripe = require('stripe');
const { Order, Notice } = require('./models');
const { known } = require('./guard');
const stripe = new Stripe(process.env.KEY);
const app = express();
app.use(express.json());
app.post('/intent', known, async (req, res) => res.json(await stripe.paymentIntents.create({ amount: 100, currency: 'eur' })));
app.METHOD('ROUTE', known, async (req, res) => {
  WORK
  res.json({});
});
"""
_MODELS = """\
const mongoose = require('mongoose');
exports.Order = mongoose.model('Order', new mongoose.Schema({ paid: Boolean, status: String, intent: String }));
exports.Notice = mongoose.model('Notice', new mongoose.Schema({ text: String }));
"""
_GUARD = """\
const jwt = require('jsonwebtoken');
exports.known = (req, res, next) => {
  if (!req.headers.authorization) return res.status(401).end();
  req.user = jwt.verify(req.headers.authorization, process.env.JWT_SECRET);
  next();
};
"""


@pytest.mark.parametrize(
    ("method", "route", "work", "expected"),
    [
        ("post", "/orders/new", "await Order.create({ status: 'paid', paid: true, user: req.user.id });", [("redirect-return", "no")]),
        ("post", "/orders/:id/close", "await Order.updateOne({ _id: req.params.id }, { paid: true });", [("redirect-return", "no")]),
        ("post", "/orders/new", "await Order.create({ status: 'pending', user: req.user.id });", []),
        ("get", "/orders/:id", "res.json(await Order.findById(req.params.id));", []),
        ("delete", "/notifications/all", "await Notice.deleteMany({ user: req.user.id });", []),
        ("post", "/notifications/read", "await Notice.updateMany({ user: req.user.id }, { text: '' });", []),
    ],
)
def test_a_route_by_which_something_is_paid(tmp_path: Path, method: str, route: str, work: str, expected: list[tuple[str, str]]) -> None:
    (tmp_path / "package.json").write_text('{"dependencies": {"express": "4", "mongoose": "8", "stripe": "16", "jsonwebtoken": "9"}}')
    (tmp_path / "models.js").write_text(_MODELS)
    (tmp_path / "guard.js").write_text(_GUARD)
    (tmp_path / "app.js").write_text(_APP.replace("METHOD", method).replace("ROUTE", route).replace("WORK", work))
    report = review(tmp_path, Settings(use_cache=False))
    assert [(h.kind, h.verified) for h in report.handlers] == expected


_PLUGIN = """\
<?php
/* Plugin Name: Nordbank for WooCommerce */
class WC_Gateway_Nordbank extends WC_Payment_Gateway {
    public function __construct() { $this->id = 'nordbank'; }
    public function process_payment( $order_id ) {
        $order = wc_get_order( $order_id );
        $client = new Nordbank_Client( $this->get_option( 'key' ), $this->get_option( 'mode' ) );
        $made = $client->create_bill( $order );
        $order->update_status( 'on-hold' );
        return array( 'result' => 'success', 'redirect' => $made->url );
    }
}
"""
_CLIENT = """\
<?php
class Nordbank_Client {
    const LIVE = 'https://api.nordbank.net:8443';
    const TEST = 'https://api.nordbank.dev';
    private $base; private $key;
    public function __construct( $key, $mode ) { $this->key = $key; $this->base = $this->resolve( $mode ); }
    private function resolve( $mode ) { if ( $mode === 'live' ) { return self::LIVE; } return self::TEST; }
    public function create_bill( $order ) {
        return $this->request( 'POST', 'v1/bill', array( 'amount' => $order->get_total(), 'reference' => $order->get_id() ) );
    }
    private function address( $path ) { return $this->base . '/' . ltrim( $path, '/' ) . '?key=' . $this->key; }
    private function request( $method, $path, $body ) { return $this->send( $method, $this->address( $path ), $body ); }
    private function send( $method, $url, $body ) {
        $args = array( 'method' => $method, 'timeout' => 30, 'body' => wp_json_encode( $body ) );
        return json_decode( wp_remote_retrieve_body( wp_remote_request( $url, $args ) ) );
    }
}
"""


def test_a_plugin_for_a_bank_that_no_pack_knows(tmp_path: Path) -> None:
    (tmp_path / "nordbank.php").write_text(_PLUGIN)
    (tmp_path / "class-client.php").write_text(_CLIENT)
    report = review(tmp_path, Settings(use_cache=False))
    assert ("nordbank", "payment", "outbound") in {(b.system, b.kind, b.direction) for b in report.boundaries}
    assert (report.summary.verdict, report.pci.saq) == ("conditional", "A")
