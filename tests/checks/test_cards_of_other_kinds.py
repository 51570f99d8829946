"""The ``pci`` checks beside cards that nobody pays with elsewhere: gift, loyalty and transit cards have numbers under the same names."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

CHECKS = ("pci/card-data-on-server", "pci/card-data-logged", "pci/card-data-stored")

GIFT_JS = """const router = require('express').Router();
const { GiftCard } = require('../models');
router.post('/giftcards/redeem', async (req, res) => {
  const { cardNumber, pin } = req.body;
  const card = await GiftCard.findOne({ where: { cardNumber, pin } });
  console.log('redeemed', cardNumber);
  res.json({ balance: card.balance });
});
module.exports = router;
"""
GIFT_PHP = """<?php
class Lines
{
    public function of($order)
    {
        foreach ($order->get_items('pw_gift_card') as $gift_card) {
            $this->lines[] = ['type' => 'gift_card', 'reference' => $gift_card->get_card_number()];
        }
    }
}
"""
GIFT_PY = """from django.http import JsonResponse
from shop.models import GiftCard


def balance(request):
    card = GiftCard.objects.get(card_number=request.POST["card_number"])
    return JsonResponse({"balance": str(card.balance)})
"""
LOYALTY = """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Member;
use Illuminate\\Http\\Request;
class LoyaltyController extends Controller
{
    public function attach(Request $request)
    {
        $data = $request->validate(['card_number' => 'required|string|size:12']);
        Member::where('card_number', $data['card_number'])->update(['user_id' => auth()->id()]);
        return back();
    }
}
"""
NEST = """import { Injectable, Logger } from '@nestjs/common';
@Injectable()
export class GiftCardsService {
  private readonly logger = new Logger(GiftCardsService.name);
  redeem(dto: { cardNumber: string }) {
    this.logger.log(`redeem ${dto.cardNumber}`);
  }
}
"""
FORM = '<form method="post" action="/balance"><input name="card_number"><input type="password" name="pin"></form>\n'
CARD_JS = """const router = require('express').Router();
router.post('/giftcards/buy', async (req, res) => {
  const { cardNumber, cvv, amount } = req.body;
  console.log('buying a gift card with', cardNumber);
  await charge({ cardNumber, cvv, amount });
  res.json({ ok: true });
});
module.exports = router;
"""
MONGOOSE = """const mongoose = require('mongoose');
module.exports = mongoose.model('Card', new mongoose.Schema({
  cardNumber: { type: String, required: true }, expiryDate: String, cvv: String,
}));
"""


def found(root: Path, name: str, text: str) -> list[str]:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    return [f.check for f in review(root, Settings(use_cache=False, checks=CHECKS)).findings]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("routes/gift.js", GIFT_JS),
        ("src/Lines.php", GIFT_PHP),
        ("shop/views.py", GIFT_PY),
        ("app/Http/Controllers/LoyaltyController.php", LOYALTY),
        ("src/gift-cards/gift-cards.service.ts", NEST),
        ("templates/gift_card_balance.html", FORM),
    ],
)
def test_a_number_of_another_card_is_no_payment_card(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, name, text) == []


def test_a_card_that_pays_for_a_gift_card_is_one(tmp_path: Path) -> None:
    assert sorted(found(tmp_path, "routes/gift.js", CARD_JS)) == ["pci/card-data-logged", "pci/card-data-on-server"]


def test_what_a_model_says_of_its_columns_is_no_card_in_hand(tmp_path: Path) -> None:
    assert found(tmp_path, "models/Card.js", MONGOOSE) == ["pci/card-data-stored"]
