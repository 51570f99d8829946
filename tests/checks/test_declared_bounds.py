"""A bound on how many are bought holds for the request that it is declared for, and only where it keeps the number above nothing."""

from pathlib import Path

import pytest

from tests.commerce.small_models import write
from tillproof.review import review
from tillproof.settings import Settings

_SETTINGS = Settings(use_cache=False, checks=("payment/client-amount",))

_CART = """\
const Basket = require('./basket');

exports.change = async (req, res) => {
  const { quantity } = req.body;
  TEST
  const basket = await Basket.findOne({ user: req.user.id });
  basket.items.id(req.params.line).quantity = Number(quantity);
  await basket.save();
  res.json(basket);
};
"""
_NODE = {
    "package.json": '{"dependencies": {"express": "4", "stripe": "14", "mongoose": "8", "joi": "17", "zod": "3"}}',
    "basket.js": """\
const mongoose = require('mongoose');
const article = { type: mongoose.Schema.Types.ObjectId, ref: 'Article' };
const line = new mongoose.Schema({ article, quantity: { type: Number, default: 1 } });
module.exports = mongoose.model('Basket', new mongoose.Schema({ user: String, items: [line] }));
""",
    "article.js": """\
const mongoose = require('mongoose');
module.exports = mongoose.model('Article', new mongoose.Schema({ name: String, price: Number, quantity: { type: Number, min: 0 } }));
""",
    "pay.js": """\
const stripe = require('stripe')(process.env.STRIPE_KEY);
const Basket = require('./basket');
exports.pay = async (req, res) => {
  const basket = await Basket.findOne({ user: req.user.id }).populate('items.article');
  const total = basket.items.reduce((sum, item) => sum + item.article.price * item.quantity, 0);
  const intent = await stripe.paymentIntents.create({ amount: Math.round(total * 100), currency: 'eur' });
  res.json({ secret: intent.client_secret });
};
""",
    "check.js": """\
module.exports = (schema) => (req, res, next) => {
  const { error } = schema.validate(req.body);
  return error ? res.status(400).json({ message: error.message }) : next();
};
""",
    "rules.js": "const Joi = require('joi');\nexports.changeLine = Joi.object({ quantity: RULE });\n",
    "app.js": """\
const express = require('express');
const check = require('./check');
const rules = require('./rules');
const { change } = require('./lines');
const { pay } = require('./pay');
const app = express();
app.use(express.json());
app.put('/basket/:line', check(rules.changeLine), change);
app.post('/pay', pay);
""",
}


def _found(root: Path, files: dict[str, str]) -> list[str]:
    write(root, files)
    return [f"{f.file}:{f.start_line}" for f in review(root, _SETTINGS).findings]


@pytest.mark.parametrize(
    ("rule", "test", "bound"),
    [
        ("Joi.number().integer()", "", False),
        ("Joi.number().integer().min(-5)", "", False),
        ("Joi.number().integer().max(20)", "", False),
        ("Joi.number().integer().min(1)", "", True),
        ("Joi.number().greater(0)", "", True),
        ("Joi.number()", "if (!/^\\d+$/.test(quantity)) return res.status(400).end();", True),
        ("Joi.number()", "if (!/^-?\\d+$/.test(quantity)) return res.status(400).end();", False),
    ],
)
def test_a_bound_keeps_above_nothing(tmp_path: Path, rule: str, test: str, bound: bool) -> None:
    files = {**_NODE, "rules.js": _NODE["rules.js"].replace("RULE", rule), "lines.js": _CART.replace("TEST", test)}
    assert _found(tmp_path, files) == ([] if bound else ["lines.js:7"])


def test_what_another_schema_asks_for_bounds_nothing(tmp_path: Path) -> None:
    other = "const Joi = require('joi');\nexports.restock = Joi.object({ quantity: Joi.number().min(1) });\n"
    routes = "const check = require('./check');\nconst { restock } = require('./restocking');\nmodule.exports = check(restock);\n"
    files = {**_NODE, "rules.js": _NODE["rules.js"].replace("RULE", "Joi.number()"), "lines.js": _CART.replace("TEST", "")}
    assert _found(tmp_path, {**files, "restocking.js": other, "stock.js": routes}) == ["lines.js:7"]


_SHOP = {
    "composer.json": '{"require": {"laravel/framework": "^11.0", "stripe/stripe-php": "^15"}}',
    "artisan": "",
    "routes/web.php": """<?php
use App\\Http\\Controllers\\BasketController;
use App\\Http\\Controllers\\ArticleController;
use Illuminate\\Support\\Facades\\Route;
Route::middleware('auth')->group(function () {
    Route::post('/basket', [BasketController::class, 'put']);
    Route::post('/pay', [BasketController::class, 'pay']);
    Route::post('/articles', [ArticleController::class, 'store']);
});
""",
    "app/Models/BasketItem.php": """<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class BasketItem extends Model {
    protected $fillable = ['user_id', 'article_id', 'quantity'];
    public function article() { return $this->belongsTo(Article::class); }
}
""",
    "app/Models/Article.php": """<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class Article extends Model { protected $fillable = ['name', 'price']; }
""",
    "app/Http/Controllers/ArticleController.php": """<?php
namespace App\\Http\\Controllers;
use App\\Models\\Article;
use Illuminate\\Http\\Request;
class ArticleController extends Controller
{
    public function store(Request $request)
    {
        $request->validate(['name' => 'required', 'quantity' => 'required|integer|min:0']);
        return Article::create($request->only('name'));
    }
}
""",
    "app/Http/Controllers/BasketController.php": """<?php
namespace App\\Http\\Controllers;
use App\\Models\\BasketItem;
use Illuminate\\Http\\Request;
use Stripe\\StripeClient;
class BasketController extends Controller
{
    public function put(Request $request)
    {
        $request->validate(['article_id' => 'required', 'quantity' => 'RULE']);
        BasketItem::create(['user_id' => $request->user()->id, 'article_id' => $request->article_id, 'quantity' => $request->quantity]);
        return back();
    }

    public function pay(Request $request)
    {
        $items = BasketItem::with('article')->where('user_id', $request->user()->id)->get();
        $total = $items->sum(fn ($item) => $item->article->price * $item->quantity);
        $stripe = new StripeClient(config('services.stripe.secret'));
        return $stripe->paymentIntents->create(['amount' => (int) round($total * 100), 'currency' => 'eur'])->client_secret;
    }
}
""",
}


@pytest.mark.parametrize(
    ("rule", "bound"),
    [
        ("required|integer", False),
        ("required|integer|min:-5", False),
        ("required|integer|min:1", True),
        ("required|digits_between:1,3", True),
    ],
)
def test_the_rules_of_another_action_bound_nothing(tmp_path: Path, rule: str, bound: bool) -> None:
    name = "app/Http/Controllers/BasketController.php"
    found = _found(tmp_path, {**_SHOP, name: _SHOP[name].replace("RULE", rule)})
    assert found == ([] if bound else [f"{name}:11"])


_FLASK = """\
import stripe
from flask import Flask, abort, jsonify
from flask_login import current_user, login_required
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from wtforms import IntegerField
from wtforms.validators import DataRequired, NumberRange

app = Flask(__name__)
db = SQLAlchemy(app)


class Article(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    price = db.Column(db.Numeric(10, 2))


class CartLine(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)
    article_id = db.Column(db.Integer, db.ForeignKey("article.id"))
    quantity = db.Column(db.Integer)
    article = db.relationship("Article")


class LineForm(FlaskForm):
    quantity = IntegerField(FIELD)


@app.post("/lines/<int:pk>")
@login_required
def change(pk):
    line = CartLine.query.filter_by(id=pk, user_id=current_user.id).first_or_404()
    form = LineForm()
    if not form.validate_on_submit():
        abort(400)
    line.quantity = form.quantity.data
    db.session.commit()
    return jsonify(ok=True)


@app.post("/pay")
@login_required
def pay():
    lines = CartLine.query.filter_by(user_id=current_user.id)
    total = sum(line.article.price * line.quantity for line in lines)
    return stripe.PaymentIntent.create(amount=int(total * 100), currency="eur").client_secret
"""


@pytest.mark.parametrize(
    ("field", "bound"),
    [
        ("validators=[DataRequired()]", False),
        ("validators=[DataRequired(), NumberRange(max=9)]", False),
        ('validators=[DataRequired()], render_kw={"min": 1}', False),
        ("validators=[DataRequired(), NumberRange(min=1)]", True),
        ("validators=[DataRequired(), NumberRange(1, 9)]", True),
    ],
)
def test_a_form_of_wtforms_is_read_field_by_field(tmp_path: Path, field: str, bound: bool) -> None:
    found = _found(tmp_path, {"requirements.txt": "flask\nflask-wtf\nstripe\n", "app.py": _FLASK.replace("FIELD", field)})
    assert found == ([] if bound else ["app.py:37"])


_RECORDS = """\
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Record:
    def save(self):
        db.session.add(self)
        db.session.commit()
        return self


class Article(Record, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    price = db.Column(db.Numeric(10, 2))


class CartLine(Record, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    article_id = db.Column(db.Integer, db.ForeignKey("article.id"))
    quantity = db.Column(db.Integer)
    article = db.relationship("Article")

    @property
    def subtotal(self):
        return self.article.price * self.quantity
"""
_VIEWS = """\
import stripe
from flask import Blueprint, request
from flask_login import login_required

from shop.forms import AddressForm
from shop.records import CartLine

bp = Blueprint("cart", __name__)


@login_required
def change(pk):
    line = CartLine.query.get(pk)
    if request.form["quantity"] == "0":
        line.delete()
    else:
        line.quantity = int(request.form["quantity"])
        line.save()
    return "done"


@login_required
def pay():
    total = sum(line.subtotal for line in CartLine.query.all())
    return stripe.PaymentIntent.create(amount=int(total * 100), currency="eur").client_secret


bp.add_url_rule("/cart/<int:pk>", view_func=change, methods=["POST"])
bp.add_url_rule("/pay", view_func=pay, methods=["POST"])
"""
_FORM = "from flask_wtf import FlaskForm\nfrom wtforms import IntegerField, StringField\nfrom wtforms.validators import NumberRange\n\n\n"


def test_forms_of_the_office_bound_no_cart(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "flask\nflask-wtf\nflask-sqlalchemy\nstripe\n",
        "shop/__init__.py": "",
        "shop/records.py": _RECORDS,
        "shop/forms.py": f"{_FORM}class AddressForm(FlaskForm):\n    street = StringField()\n",
        "shop/views.py": _VIEWS,
        "office/__init__.py": "",
        "office/forms.py": f"{_FORM}class AddressForm(FlaskForm):\n    street = StringField()\n\n\n"
        "class StockForm(FlaskForm):\n    quantity = IntegerField(validators=[NumberRange(min=0)])\n",
    }
    assert _found(tmp_path, files) == ["shop/views.py:17"]


_NEST = {
    "package.json": '{"dependencies": {"@nestjs/core": "10", "@nestjs/mongoose": "10", "stripe": "14", "class-validator": "0.14"}}',
    "src/main.ts": """\
import { NestFactory } from '@nestjs/core';
import { ValidationPipe } from '@nestjs/common';
import { AppModule } from './app.module';
async function start() {
  const app = await NestFactory.create(AppModule);
  app.useGlobalPipes(new ValidationPipe());
  await app.listen(3000);
}
start();
""",
    "src/line.dto.ts": """\
import { IsMongoId, IsNumber, IsOptional, Max, Min } from 'class-validator';
export class LineDto {
  @IsMongoId({
    message: 'no article',
  })
  article: string;

  @IsOptional()
  BOUND({
    message: 'too few',
  })
  @IsNumber(
    {},
    { message: 'no number' },
  )
  quantity?: number;
}
""",
    "src/basket.schema.ts": """\
import { Prop, Schema, SchemaFactory } from '@nestjs/mongoose';
@Schema()
export class Basket { @Prop() user: string; @Prop() items: { article: any; quantity: number }[]; }
export const BasketSchema = SchemaFactory.createForClass(Basket);
""",
    "src/basket.controller.ts": """\
import { Body, Controller, Post, Put, Req } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Model } from 'mongoose';
import Stripe from 'stripe';
import { Basket } from './basket.schema';
import { LineDto } from './line.dto';
const stripe = new Stripe(process.env.STRIPE_KEY);
@Controller('basket')
export class BasketController {
  constructor(@InjectModel(Basket.name) private readonly baskets: Model<Basket>) {}
  @Put() async put(@Req() req, @Body() line: LineDto) {
    const basket = await this.baskets.findOne({ user: req.user.id });
    basket.items.push({ article: line.article, quantity: line.quantity });
    return basket.save();
  }
  @Post('pay') async pay(@Req() req) {
    const basket = await this.baskets.findOne({ user: req.user.id }).populate('items.article');
    const total = basket.items.reduce((sum, item) => sum + item.article.price * item.quantity, 0);
    return stripe.paymentIntents.create({ amount: Math.round(total * 100), currency: 'eur' });
  }
}
""",
}


@pytest.mark.parametrize(("bound", "found"), [("@Min(1, ", []), ("@Max(9, ", ["src/basket.controller.ts:13"])])
def test_attributes_on_several_lines_belong_to_the_field_below(tmp_path: Path, bound: str, found: list[str]) -> None:
    assert _found(tmp_path, {**_NEST, "src/line.dto.ts": _NEST["src/line.dto.ts"].replace("BOUND(", bound)}) == found
