"""What was left standing beside the way that a route leads to owes nobody anything; what something in the tree names does."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_LARAVEL = {
    "composer.json": '{"require": {"laravel/framework": "^11", "stripe/stripe-php": "^16"}}',
    "routes/web.php": (
        "<?php\nuse App\\Http\\Controllers\\ProductController;\nuse Illuminate\\Support\\Facades\\Route;\n"
        "Route::get('/products', [ProductController::class, 'index']);\nROUTES\n"
    ),
    "app/Http/Controllers/ProductController.php": (
        "<?php\nnamespace App\\Http\\Controllers;\nuse Illuminate\\Http\\Request;\nclass ProductController extends Controller {\n"
        "  public function index() { return view('products'); }\n"
        "  public function processCheckout(Request $request) {\n"
        "    return \\Stripe\\PaymentIntent::create(['amount' => $request->amount, 'currency' => 'eur']);\n  }\n}\n"
    ),
}
_EXPRESS = {
    "package.json": '{"dependencies": {"express": "4", "stripe": "16"}}',
    "routes.js": (
        "const express = require('express');\nconst { list, payOldWay } = require('./products');\nconst app = express();\n"
        "app.get('/products', list);\nROUTES\n"
    ),
    "products.js": (
        "const stripe = require('stripe')(process.env.STRIPE_KEY);\nconst list = (req, res) => res.json([]);\n"
        "const payOldWay = async (req, res) => {\n"
        "  res.json(await stripe.paymentIntents.create({ amount: req.body.amount, currency: 'eur' }));\n};\n"
        "module.exports = {\n  list,\n  payOldWay,\n};\n"
    ),
}
_FLASK = {
    "requirements.txt": "flask\nstripe\n",
    "app.py": (
        "import stripe\nfrom flask import Flask, request\n\napp = Flask(__name__)\n\n\n"
        "@app.get('/products')\ndef products():\n    return []\n\n\n"
        "def pay_old_way():\n    return stripe.PaymentIntent.create(amount=request.json['amount'], currency='eur')\nROUTES\n"
    ),
}


@pytest.mark.parametrize(
    ("shop", "route", "stands"),
    [
        (_LARAVEL, "", False),
        (_LARAVEL, "Route::post('/pay', [CheckoutController::class, 'processCheckout']);", False),
        (_LARAVEL, "// Route::post('/pay', [ProductController::class, 'processCheckout']);", False),
        (_LARAVEL, "Route::post('/pay', [ProductController::class, 'processCheckout']);", True),
        (_LARAVEL, "Route::post('/pay', 'ProductController@processCheckout');", True),
        (_EXPRESS, "", False),
        (_EXPRESS, "// app.post('/pay', payOldWay);", False),
        (_EXPRESS, "app.post('/pay', payOldWay);", True),
        (_EXPRESS, "app.post('/pay', (req, res) => payOldWay(req, res));", True),
        (_FLASK, "", False),
        (_FLASK, "app.add_url_rule('/pay', view_func=pay_old_way, methods=['POST'])", True),
    ],
)
def test_what_nothing_leads_to(tmp_path: Path, shop: dict[str, str], route: str, stands: bool) -> None:
    files = {name: text.replace("ROUTES", route) for name, text in shop.items()}
    assert bool(found(tmp_path, files, "idempotency/missing-key")) is stands
