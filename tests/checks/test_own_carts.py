"""Carts that a project's own classes and modules keep: a price or a number of pieces that a request puts on one of their lines."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SETTINGS = Settings(use_cache=False, checks=("payment/client-amount",))
_ASKED = "The client chooses what he pays"
_BELOW = "A negative quantity lowers what is paid"
_PARTED = "A part of an article is bought for a part of its price"


def _found(root: Path, files: dict[str, str]) -> list[str]:
    write(root, files)
    return [f"{f.file}:{f.start_line} {f.title}" for f in review(root, _SETTINGS).findings]


_LARAVEL = {
    "composer.json": '{"require": {"laravel/framework": "^11.0", "stripe/stripe-php": "^15"}}',
    "artisan": "",
    "routes/web.php": """<?php
use App\\Http\\Controllers\\BasketController;
use Illuminate\\Support\\Facades\\Route;
Route::post('/basket', [BasketController::class, 'put']);
Route::patch('/basket/{id}', [BasketController::class, 'change']);
Route::post('/pay', [BasketController::class, 'pay']);
""",
    "app/Models/Article.php": """<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class Article extends Model { protected $fillable = ['name', 'price']; }
""",
    "app/Basket/Basket.php": """<?php
namespace App\\Basket;
class Basket
{
    public function items() { return collect(session('basket', [])); }

    public function add($article, $quantity = 1, $price = null)
    {
        ADD
        $items = $this->items();
        $items->push(new BasketItem($article, $quantity, $price));
        session()->put('basket', $items);
    }

    public function change($id, $data)
    {
        $items = $this->items();
        foreach ($items as $index => $item) {
            if ($item->id === $id && ! empty($data['quantity'])) {
                CHANGE
            }
        }
        session()->put('basket', $items);
    }

    public function total()
    {
        $sum = 0;
        foreach ($this->items() as $item) {
            $sum += $item->total();
        }
        return $sum;
    }
}
""",
    "app/Basket/BasketItem.php": """<?php
namespace App\\Basket;
use App\\Models\\Article;
class BasketItem
{
    public $id;
    public $article;
    public $quantity;
    public $price;

    public function __construct($article, $quantity, $price = null)
    {
        $this->id = uniqid();
        $this->article = Article::findOrFail($article);
        $this->quantity = $quantity;
        $this->price = $price ?? $this->article->price;
    }

    public function total() { return $this->price * $this->quantity; }
}
""",
    "app/Http/Controllers/BasketController.php": """<?php
namespace App\\Http\\Controllers;
use App\\Basket\\Basket;
use Illuminate\\Http\\Request;
use Stripe\\StripeClient;
class BasketController extends Controller
{
    public function __construct(protected Basket $basket) {}

    public function put(Request $request)
    {
        $this->basket->add($request->article, PIECES, PRICE);
        return back();
    }

    public function change(Request $request, $id)
    {
        $this->basket->change($id, $request->all());
        return back();
    }

    public function pay()
    {
        $stripe = new StripeClient(config('services.stripe.secret'));
        return $stripe->paymentIntents->create(['amount' => (int) round($this->basket->total() * 100), 'currency' => 'eur'])->client_secret;
    }
}
""",
}
_HOLDS = {"ADD": "", "CHANGE": "$items[$index]->seen = true;", "PIECES": "1", "PRICE": "null"}
_PUT, _BASKET = "app/Http/Controllers/BasketController.php", "app/Basket/Basket.php"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, []),
        ({"PRICE": "$request->get('price')"}, [f"{_PUT}:12 {_ASKED}"]),
        ({"PIECES": "$request->get('quantity', 1)"}, [f"{_PUT}:12 {_BELOW}"]),
        ({"PIECES": "max(1, (int) $request->get('quantity', 1))"}, []),
        ({"PIECES": "$request->quantity", "ADD": "$quantity = is_numeric($quantity) && $quantity > 0 ? $quantity : 1;"},
         [f"{_BASKET}:9 {_PARTED}"]),
        ({"PIECES": "$request->quantity", "ADD": "$quantity = is_numeric($quantity) && $quantity > 0 ? (int) $quantity : 1;"}, []),
        ({"CHANGE": "$items[$index]->quantity = intval($data['quantity']);"}, [f"{_BASKET}:20 {_BELOW}"]),
        ({"CHANGE": "$items[$index]->quantity = max(1, intval($data['quantity']));"}, []),
    ],
)  # fmt: skip
def test_a_cart_of_classes_in_the_session(tmp_path: Path, said: dict[str, str], found: list[str]) -> None:
    files = dict(_LARAVEL)
    for word, code in {**_HOLDS, **said}.items():
        files = {name: text.replace(word, code) for name, text in files.items()}
    assert _found(tmp_path, files) == found


_REDIS = {
    "package.json": '{"dependencies": {"express": "4", "ioredis": "5", "stripe": "14", "pg": "8"}}',
    "cart.js": """\
const Redis = require('ioredis');
const redis = new Redis(process.env.REDIS_URL);
exports.load = async (user) => JSON.parse((await redis.get(`cart:${user}`)) || '{"items": []}');
exports.add = async (user, item) => {
  const cart = await exports.load(user);
  const same = cart.items.find((one) => one.id === item.id);
  if (same) same.quantity += item.quantity;
  else cart.items.push(item);
  await redis.set(`cart:${user}`, JSON.stringify(cart));
};
""",
    "app.js": """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Pool } = require('pg');
const carts = require('./cart');
const pool = new Pool();
const app = express();
app.use(express.json());

app.post('/cart/:user', async (req, res) => {
  const { id, quantity, price } = req.body;
  const { rows } = await pool.query('SELECT price FROM articles WHERE id = $1', [id]);
  if (!rows.length || !(BOUND)) return res.status(400).end();
  await carts.add(req.params.user, { id, quantity, price: PRICE });
  res.status(201).end();
});

app.post('/pay/:user', async (req, res) => {
  const cart = await carts.load(req.params.user);
  const total = cart.items.reduce((sum, item) => sum + SUMMED * item.quantity, 0);
  const intent = await stripe.paymentIntents.create({ amount: Math.round(total * 100), currency: 'eur' });
  res.json({ secret: intent.client_secret });
});
""",
}


@pytest.mark.parametrize(
    ("bound", "price", "summed", "found"),
    [
        ("quantity >= 1", "rows[0].price", "item.price", []),
        ("quantity >= 1", "price", "item.price", [f"app.js:10 {_ASKED}"]),
        ("quantity >= 1", "price", "PRICES[item.id].price", []),  # what the cart keeps is only shown
        ("quantity", "rows[0].price", "item.price", [f"app.js:10 {_BELOW}"]),
    ],
)
def test_a_cart_of_a_module_in_redis(tmp_path: Path, bound: str, price: str, summed: str, found: list[str]) -> None:
    app = _REDIS["app.js"].replace("BOUND", bound).replace("PRICE }", f"{price} }}").replace("SUMMED", summed)
    assert _found(tmp_path, {**_REDIS, "app.js": app}) == found


_SESSION = {
    "package.json": '{"dependencies": {"express": "4", "express-session": "1", "stripe": "14"}}',
    "basket.js": """\
module.exports = function Basket(old) {
  this.items = old.items || {};
  this.total = old.total || 0;
  this.add = function (article, id, qty) {
    let stored = this.items[id];
    if (!stored) stored = this.items[id] = { article, qty: 0, price: 0 };
    stored.qty += qty;
    stored.price = stored.article.price * stored.qty;
    this.total += article.price * qty;
  };
};
""",
    "app.js": """\
const express = require('express');
const session = require('express-session');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Basket = require('./basket');
const articles = require('./articles.json');
const app = express();
app.use(session({ secret: process.env.SECRET }));

app.post('/basket/:id', (req, res) => {
  const basket = new Basket(req.session.basket || {});
  basket.add(articles[req.params.id], req.params.id, PIECES);
  req.session.basket = basket;
  res.redirect('/');
});

app.post('/pay', async (req, res) => {
  const basket = new Basket(req.session.basket);
  await stripe.charges.create({ amount: Math.round(basket.total * 100), currency: 'eur', source: req.body.token });
  res.redirect('/thanks');
});
""",
}


@pytest.mark.parametrize(
    ("pieces", "found"),
    [("1", []), ("Math.max(1, Number(req.body.qty))", []), ("Number(req.body.qty)", [f"app.js:11 {_BELOW}"])],
)
def test_a_cart_made_by_a_plain_function(tmp_path: Path, pieces: str, found: list[str]) -> None:
    assert _found(tmp_path, {**_SESSION, "app.js": _SESSION["app.js"].replace("PIECES", pieces)}) == found


_MADE = """\
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import Column, Float, ForeignKey, Integer
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()
app = FastAPI()


class Product(Base):
    __tablename__ = "products"
    id = Column(Integer, primary_key=True)
    price = Column(Float)


class OrderItem(Base):
    __tablename__ = "order_items"
    id = Column(Integer, primary_key=True)
    order_id = Column(Integer, ForeignKey("orders.id"))
    quantity = Column(Integer)


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    total = Column(Float)
    items = relationship(OrderItem)


class Line(BaseModel):
    product_id: int
    quantity: int BOUND


class Checkout(BaseModel):
    items: list[Line]


@app.post("/checkout")
def checkout(wanted: Checkout, db: Session = Depends(session), user=Depends(current_user)):
    lines, total = [], 0.0
    for item in wanted.items:
        product = db.query(Product).filter(Product.id == item.product_id).first()
        total += product.price * item.quantity
        lines.append(OrderItem(product_id=product.id, quantity=item.quantity))
    order = Order(total=total, items=lines)
    db.add(order)
    db.commit()
    return {"id": order.id}
"""


@pytest.mark.parametrize(("bound", "found"), [("", 1), ("= Field(ge=1)", 0)])
def test_lines_that_are_stored_with_their_order_count(tmp_path: Path, bound: str, found: int) -> None:
    (tmp_path / "main.py").write_text(_MADE.replace("BOUND", bound))
    findings = review(tmp_path, Settings(use_cache=False, checks=("payment/client-amount",))).findings
    assert [(f.file, f.severity) for f in findings] == [("main.py", "critical")] * found
