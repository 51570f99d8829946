"""What the sender of a request chose, and what is merely looked up by it."""

from pathlib import Path

import pytest

from tests.commerce.wired import wired


def test_flask_globals_with_keys(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "app.py": """\
from flask import Flask, request, session
import json
from models import Order
from gate import charge
app = Flask(__name__)
@app.post('/pay/<oid>')
def pay(oid):
    data = request.get_json()
    amount = int(data['amount']) * 100
    first(amount, {'note': request.form.get('note', '')})
    order = Order.query.get(data['id'])
    second(order.total)
    third(json.loads(request.data)['type'])
    fourth(oid)
    fifth(data['amount'] == 5)
    sixth(session['cart'])
    seventh(request.headers['X-Sig'])
""",
        },
    )
    assert shop.pieces("first") == ["body:amount"]
    assert shop.pieces("first", 1) == ["body:note"]
    assert shop.pieces("second") == []
    assert shop.pieces("third") == ["raw:type"]
    assert shop.pieces("fourth") == ["path:oid"]
    assert shop.pieces("fifth") == []
    assert shop.pieces("sixth") == ["session:cart"]
    assert shop.pieces("seventh") == ["headers:X-Sig"]


def test_fastapi_models_plain_parameters_and_dependencies(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "main.py": """\
from fastapi import Depends, FastAPI, Header, Request
from models import Item, Line
app = FastAPI()
def user():
    return 1
@app.post('/pay/{order}')
async def pay(order: int, item: Item, size: int = 1, sig: str = Header(alias='X-Sig'), who=Depends(user), request: Request = None):
    first(item.price, order, size, sig, who)
    second(await request.body(), (await request.json())['id'])
    third(item.line.cost)
    helper(item, 3)
def helper(item: Item, count: int):
    fourth(item.price, count)
""",
            "models.py": """\
from pydantic import BaseModel
class Line(BaseModel):
    cost: int
class Item(BaseModel):
    price: int = 0
    line: Line
""",
        },
    )
    assert [shop.pieces("first", n) for n in range(5)] == [["body:price"], ["path:order"], ["query:size"], ["headers:X-Sig"], []]
    assert [shop.pieces("second", n) for n in range(2)] == [["raw:None"], ["body:id"]]
    assert shop.pieces("third") == ["body:line.cost"]
    assert [shop.pieces("fourth", n) for n in range(2)] == [[], []]


def test_django_forms_and_members_of_the_view(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "urls.py": """\
from django.urls import path
from views import Pay
urlpatterns = [path('pay/<slug>/', Pay.as_view())]
""",
            "views.py": """\
from django.views import View
class Pay(View):
    def post(self, request, slug):
        first(request.POST.get('amount'), slug)
        second(self.request.GET['x'], request.body)
        third(request.user.email)
""",
        },
    )
    assert [shop.pieces("first", n) for n in range(2)] == [["body:amount"], ["path:slug"]]
    assert [shop.pieces("second", n) for n in range(2)] == [["query:x"], ["raw:None"]]
    assert shop.pieces("third") == []


def test_express_requests_by_place_and_by_name(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "app.js": """\
const express = require('express');
const app = express();
app.post('/pay/:id', async (ask, answer) => {
  const { amount, items } = ask.body;
  first(amount, ask.params.id, ask.user.id);
  const order = await Order.findById(ask.params.id);
  second(order.total, `x ${ask.query.note}`);
  third(items.map((i) => i.price), Math.round(amount * 100));
  helper(ask);
});
function helper(req) { fourth(JSON.parse(req.body).total, req.headers['x-sig'], req.get('X-Other')); }
function plain(body, order) { fifth(body.amount, order.body); }
""",
        },
    )
    assert [shop.pieces("first", n) for n in range(3)] == [["body:amount"], ["path:id"], []]
    assert [shop.pieces("second", n) for n in range(2)] == [[], ["query:note"]]
    assert [shop.pieces("third", n) for n in range(2)] == [["body:items[].price"], ["body:amount"]]
    assert [shop.pieces("fourth", n) for n in range(3)] == [["body:total"], ["headers:x-sig"], ["headers:X-Other"]]
    assert [shop.pieces("fifth", n) for n in range(2)] == [[], []]


def test_nest_bodies_of_our_own_classes(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "c.ts": """\
import { Body, Controller, Param, Post, Req } from '@nestjs/common';
import { Dto } from './dto';
import { Pay } from './pay';
@Controller('c')
export class C {
  constructor(private readonly pay: Pay) {}
  @Post(':id')
  go(@Body() dto: Dto, @Param('id') id: string, @Body('tip') tip: number, @Req() req) {
    first(dto.amount, id, tip, req.rawBody);
    this.pay.take(dto);
  }
}
""",
            "dto.ts": "export class Dto { amount: number; }\n",
            "pay.ts": """\
import { Dto } from './dto';
export class Pay { take(dto: Dto) { second(dto.amount); } }
""",
        },
    )
    assert [shop.pieces("first", n) for n in range(4)] == [["body:amount"], ["path:id"], ["body:tip"], ["raw:None"]]
    assert shop.pieces("second") == []  # what a service is given is known in the context of its call


@pytest.mark.parametrize(
    ("code", "pieces"),
    [
        ("$_POST['amount']", ["body:amount"]),
        ("floatval($_GET['a']) * 2", ["query:a"]),
        ("json_decode(file_get_contents('php://input'), true)['id']", ["raw:id"]),
        ("$_SERVER['HTTP_X_SIG']", ["headers:HTTP_X_SIG"]),
        ("filter_input(INPUT_POST, 'x')", ["body:x"]),
        ("find_order($_GET['id'])->total", []),
    ],
)
def test_php_superglobals(tmp_path: Path, code: str, pieces: list[str]) -> None:
    assert wired(tmp_path, {"page.php": f"<?php\nsink({code});\n"}).pieces("sink") == pieces


def test_laravel_requests(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "routes/web.php": """\
<?php
use App\\C;
use Illuminate\\Support\\Facades\\Route;
Route::post('/pay/{id}', [C::class, 'pay']);
""",
            "app/C.php": """\
<?php
namespace App;
use Illuminate\\Http\\Request;
use App\\PayRequest;
class C {
  public function pay(Request $request, $id) {
    first($request->amount, $request->input('tip'), $id, $request->user()->id, $request->getContent());
    second(request('coupon'), request()->input('x'));
  }
  public function other(PayRequest $r) { third($r->validated()['amount'], $r->total); }
}
""",
            "app/PayRequest.php": """\
<?php
namespace App;
use Illuminate\\Foundation\\Http\\FormRequest;
class PayRequest extends FormRequest { public function rules() { return []; } }
""",
        },
    )
    assert [shop.pieces("first", n) for n in range(5)] == [["body:amount"], ["body:tip"], ["path:id"], [], ["raw:None"]]
    assert [shop.pieces("second", n) for n in range(2)] == [["body:coupon"], ["body:x"]]
    assert [shop.pieces("third", n) for n in range(2)] == [["body:amount"], ["body:total"]]


@pytest.mark.parametrize(
    ("decorator", "piece"),
    [
        ("@bp.arguments(OrderSchema)", "body:amount"),
        ("@bp.arguments(OrderSchema, location='query')", "query:amount"),
        ("@use_args({'amount': fields.Int()})", "body:amount"),
        ("@bp.response(200, OrderSchema)", ""),
    ],
)
def test_a_decorator_hands_over_what_it_reads(tmp_path: Path, decorator: str, piece: str) -> None:
    app = f"""\
from flask_smorest import Blueprint
from webargs import fields
from webargs.flaskparser import use_args
from schemas import OrderSchema
bp = Blueprint('orders', __name__, url_prefix='/shop')
@bp.route('/orders/<oid>', methods=['POST'])
{decorator}
def create(data, oid):
    first(data['amount'])
    second(oid)
"""
    shop = wired(tmp_path, {"app.py": app})
    assert (shop.pieces("first"), shop.pieces("second")) == ([piece] if piece else [], ["path:oid"])


def test_a_decorator_hands_over_pieces_by_their_names(tmp_path: Path) -> None:
    app = """\
from flask import Blueprint
from webargs import fields
from webargs.flaskparser import use_kwargs
bp = Blueprint('orders', __name__)
@bp.route('/orders', methods=['POST'])
@use_kwargs({'amount': fields.Int()})
def create(amount):
    first(amount)
"""
    assert wired(tmp_path, {"app.py": app}).pieces("first") == ["body:amount"]
