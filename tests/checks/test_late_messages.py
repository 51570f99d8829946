"""A message that arrives late: which conditions keep it from undoing what a later one said, and which only look like it."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_PYTHON = """\
import stripe
from django.conf import settings
from django.db import models
from django.http import HttpResponse
from django.urls import path


class Payment(models.Model):
    intent = models.CharField(max_length=60)
    status = models.CharField(max_length=20)

    @property
    def is_settled(self):
        return self.status in ("succeeded", "refunded")


def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], settings.STRIPE_SECRET)
    payment = Payment.objects.get(intent=event["data"]["object"]["id"])
    status = event["data"]["object"]["status"]
    WRITE
    return HttpResponse()


urlpatterns = [path("hook/", hook)]
"""
_JAVASCRIPT = """\
const express = require('express');
const mongoose = require('mongoose');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const app = express();
const Payment = mongoose.model('Payment', new mongoose.Schema({ intent: String, status: String }));

app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  const event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_SECRET);
  const payment = await Payment.findOne({ intent: event.data.object.id });
  const status = event.data.object.status;
  WRITE
  res.json({});
});
"""
_SAVE = "payment.status = status\n    payment.save()"


@pytest.mark.parametrize(
    ("write", "ruling"),
    [
        (_SAVE, "broken"),
        (f'if not (payment.is_settled and status not in ("refunded", "disputed")):\n        {_SAVE}', "held"),
        (f'if payment.status == "succeeded" and status not in ("refunded",):\n        return HttpResponse()\n    {_SAVE}', "held"),
        (f'if payment.status != "succeeded" or status == "refunded":\n        {_SAVE}', "held"),
        (f'if payment.status == "succeeded":\n        if status != "refunded":\n            return HttpResponse()\n    {_SAVE}', "held"),
        (f'if payment.status != "succeeded" or status != "processing":\n        {_SAVE}', "broken"),
        (f'if status in ("succeeded", "failed"):\n        {_SAVE}', "broken"),
    ],
)
def test_some_states_may_be_written_over_any_where_others_ask_for_the_present_one(tmp_path: Path, write: str, ruling: str) -> None:
    files = {"manage.py": "", "requirements.txt": "django\nstripe\n", "shop/views.py": _PYTHON.replace("WRITE", write)}
    assert {found for found, _, _ in ruled(tmp_path, "order/event-order-assumed", files)} == {ruling}


@pytest.mark.parametrize(
    ("condition", "ruling"),
    [
        ("payment.status === 'succeeded' && !['refunded', 'disputed'].includes(status)", "held"),
        ("payment.status === 'succeeded' && status !== 'refunded'", "held"),
        ("payment.status === 'succeeded' && status === 'processing'", "broken"),
    ],
)
def test_so_it_is_in_javascript(tmp_path: Path, condition: str, ruling: str) -> None:
    write = f"if ({condition}) return res.json({{}});\n  payment.status = status;\n  await payment.save();"
    files = {"package.json": '{"dependencies": {"stripe": "^14"}}', "app.js": _JAVASCRIPT.replace("WRITE", write)}
    assert {found for found, _, _ in ruled(tmp_path, "order/event-order-assumed", files)} == {ruling}
