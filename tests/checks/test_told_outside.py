"""``pci/card-data-logged`` where the log is kept outside: by a collector's own address, or by a function that reports there."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "pci/card-data-logged"

_NODE = """\
const express = require('express');
const axios = require('axios');
const Stripe = require('stripe');
const stripe = new Stripe(process.env.STRIPE_KEY);
const app = express();
async function reportEvent(name, data) {
  await axios.post('https://beacon.acme.io/v1/ingest', { name, data }, { timeout: 1000 });
}
app.post('/webhooks/stripe', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_HOOK);
  TELLS
  res.json({ received: true });
});
"""
_FLASK = """\
import os

import requests
import stripe
from flask import Flask, request

app = Flask(__name__)


class Telemetry:
    def __init__(self, url):
        self.url = url

    def track(self, name, payload):
        requests.post(self.url, json={"name": name, "payload": payload}, timeout=2)


telemetry = Telemetry("https://t.acme.io/in")


def track_shipment(payload):
    return requests.post("https://api.carrier.io/parcels", json=payload, timeout=2).json()


@app.post("/stripe/webhook")
def hook():
    payload = request.get_data()
    event = stripe.Webhook.construct_event(payload, request.headers["Stripe-Signature"], os.environ["STRIPE_HOOK"])
    TELLS
    return "", 200
"""
_GATEWAY = """\
<?php
class Collector {
    public function report($params) {
        $data = ['message' => base64_encode(json_encode(['params' => $params]))];
        $this->client()->post($this->url(), $data);
    }
    private function client() { return new Sender(); }
    private function url() { return get_option('collector_url'); }
}
class Sender {
    public function post($url, $data) {
        $ch = curl_init($url);
        curl_setopt($ch, CURLOPT_TIMEOUT, 1);
        curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($data));
        return curl_exec($ch);
    }
}
class WC_Gateway_Acme extends WC_Payment_Gateway {
    public function __construct() {
        $this->id = 'acme';
        $this->collector = new Collector();
        add_action('woocommerce_api_acme_notify', [$this, 'check_notify']);
    }
    public function check_notify() {
        $data = file_get_contents('php://input');
        if (!hash_equals(hash_hmac('sha256', $data, $this->get_option('secret')), $_SERVER['HTTP_SIGN'])) {
            exit();
        }
        $post = json_decode($data, true);
        TELLS
        wc_get_order($post['reference'])->payment_complete($post['transaction']);
        exit('OK');
    }
}
"""


@pytest.mark.parametrize(
    ("name", "shop", "tells", "wrong"),
    [
        ("app.js", _NODE, "await reportEvent('hook', event);", True),
        ("app.js", _NODE, "await reportEvent('hook', { id: event.id, type: event.type });", False),
        ("app.js", _NODE, "await fetch('https://logs.acme.io/in', { method: 'POST', body: JSON.stringify(event) });", True),
        ("app.js", _NODE, "await fetch('https://logs.acme.io/in', { method: 'POST', body: JSON.stringify({ id: event.id }) });", False),
        ("app.py", _FLASK, 'telemetry.track("hook", payload)', True),
        ("app.py", _FLASK, 'telemetry.track("hook", event["id"])', False),
        ("app.py", _FLASK, "track_shipment(event)", False),
        ("gateway.php", _GATEWAY, "$this->collector->report(['notify_data' => $data]);", True),
        ("gateway.php", _GATEWAY, "$this->collector->report(['code' => $post['code']]);", False),
    ],
)
def test_what_is_told_to_a_collector_is_logged(tmp_path: Path, name: str, shop: str, tells: str, wrong: bool) -> None:
    assert bool(found(tmp_path, {name: shop.replace("TELLS", tells)}, _CHECK)) is wrong
