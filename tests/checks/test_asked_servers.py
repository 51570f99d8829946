"""Which server a handler asks about a payment: one of ours to name, or whichever the sender names."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_CHECK = "payment/webhook-unverified"
_NODE = """\
const express = require('express');
const axios = require('axios');
const Order = require('./models/order');
const router = express.Router();

router.post('/paypal/webhook', async (req, res) => {
  const headers = { Authorization: `Bearer ${process.env.PAYPAL_TOKEN}` };
  ASK
  if (capture.status !== 'COMPLETED') return res.sendStatus(200);
  await Order.updateOne({ captureId: capture.id }, { status: 'paid' });
  res.sendStatus(200);
});
module.exports = router;
"""
_DJANGO = """\
import json
import requests
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from .models import Order


@csrf_exempt
def paypal_webhook(request):
    event = json.loads(request.body)
    headers = {"Authorization": "Bearer " + settings.PAYPAL_TOKEN}
    ASK
    if capture["status"] == "COMPLETED":
        Order.objects.filter(capture_id=capture["id"]).update(status="paid")
    return HttpResponse()


urlpatterns = [path("paypal/webhook", paypal_webhook)]
"""
_SYMFONY = """\
<?php
namespace App\\Controller;

use App\\Entity\\Order;
use Doctrine\\ORM\\EntityManagerInterface;
use Psr\\Http\\Client\\ClientInterface;
use Psr\\Http\\Message\\RequestFactoryInterface;
use Symfony\\Component\\HttpFoundation\\Request;
use Symfony\\Component\\HttpFoundation\\Response;
use Symfony\\Component\\Routing\\Attribute\\Route;

class PayPalController
{
    public function __construct(
        private ClientInterface $client,
        private RequestFactoryInterface $requests,
        private EntityManagerInterface $em,
        private $tokens,
    ) {}

    #[Route('/paypal/webhook', methods: ['POST'])]
    public function webhook(Request $request): Response
    {
        $event = json_decode($request->getContent(), true);
        $token = new AccessToken($this->tokens->fresh());
        $this->em->persist($token);
        ASK
        $capture = json_decode($this->client->sendRequest($asked)->getBody()->getContents(), true);
        if ($capture['status'] === 'COMPLETED') {
            $order = $this->em->getRepository(Order::class)->findOneBy(['captureId' => $capture['id']]);
            $order->setStatus('paid');
            $this->em->flush();
        }
        return new Response();
    }
}

class AccessToken
{
    public function __construct(private string $value) {}
}
"""
_HOST = "https://api-m.paypal.com/v2/payments/captures/"
_ASKS = {
    "app.js": (
        _NODE,
        f"const {{ data: capture }} = await axios.get(`{_HOST}${{req.body.resource.id}}`, {{ headers }});",
        "const { data: capture } = await axios.get(req.body.resource.links[0].href, { headers });",
    ),
    "shop/views.py": (
        _DJANGO,
        f'capture = requests.get("{_HOST}" + event["resource"]["id"], headers=headers, timeout=10).json()',
        'capture = requests.get(event["resource"]["links"][0]["href"], headers=headers, timeout=10).json()',
    ),
    "src/Controller/PayPalController.php": (
        _SYMFONY,
        f"$asked = $this->requests->createRequest('GET', '{_HOST}' . $event['resource']['id'])->withHeader('Accept', '*/*');",
        "$asked = $this->requests->createRequest('GET', $event['resource']['links'][0]['href'])->withHeader('Accept', '*/*');",
    ),
}


@pytest.mark.parametrize("file", _ASKS)
def test_a_server_that_the_sender_names_proves_nothing(tmp_path: Path, file: str) -> None:
    code, ours, theirs = _ASKS[file]
    for name, asked, outcome in (("ours", ours, "held"), ("theirs", theirs, "broken")):
        assert [o for o, _, _ in ruled(tmp_path / name, _CHECK, {file: code.replace("ASK", asked)})] == [outcome]


def test_an_address_in_the_answer_of_a_server_that_the_sender_named_proves_nothing(tmp_path: Path) -> None:
    code, ours, theirs = _ASKS["shop/views.py"]
    onward = '\n    capture = requests.get(capture["links"][0]["href"], headers=headers, timeout=10).json()'
    for name, asked, outcome in (("ours", ours, "held"), ("theirs", theirs, "broken")):
        assert [o for o, _, _ in ruled(tmp_path / name, _CHECK, {"shop/views.py": code.replace("ASK", asked + onward)})] == [outcome]
