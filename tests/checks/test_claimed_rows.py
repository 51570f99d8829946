"""A row of the message by which the database lets only the first delivery through, made for good before the work: what fails then is
answered as done when it comes again."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "resilience/swallowed-failure"
_NODE = """\
const express = require('express');
const stripe = require('stripe')(process.env.STRIPE_KEY);
const { Pool } = require('pg');
const { PrismaClient, Prisma } = require('@prisma/client');
const { createClient } = require('@supabase/supabase-js');
const pool = new Pool();
const prisma = new PrismaClient();
const supabase = createClient(process.env.SUPABASE_URL, process.env.SUPABASE_KEY);
const app = express();
app.post('/hook', express.raw({ type: '*/*' }), async (req, res) => {
  let event;
  try { event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_HOOK); }
  catch (e) { return res.status(400).send('bad'); }
  BODY
  return res.json({ received: true });
});
"""
_TABLES = "CREATE TABLE hooks (event_id TEXT PRIMARY KEY);\nCREATE TABLE orders (id INT PRIMARY KEY, intent TEXT, status TEXT);\n"
_PRISMA = "model Hook {\n  id String @id\n}\nmodel Order {\n  id String @id\n  intent String\n  status String\n}\n"
_SUPABASE = "const { error } = await supabase.from('hooks').insert({ event_id: event.id });"
_PAY = (
    "const { error: failed } = await supabase.from('orders').update({ status: 'paid' }).eq('intent', event.data.object.id);"
    " if (failed) return res.status(500).end();"
)
_CREATE = "await prisma.hook.create({ data: { id: event.id } });"
_UPDATE = "await prisma.order.updateMany({ where: { intent: event.data.object.id }, data: { status: 'paid' } });"
_INSERT = "await pool.query('INSERT INTO hooks (event_id) VALUES ($1)', [event.id]);"
_QUERY = "await pool.query(\"UPDATE orders SET status = 'paid' WHERE intent = $1\", [event.data.object.id]);"
_NOTHING = _INSERT.replace("($1)'", "($1) ON CONFLICT DO NOTHING'")


_TAKEN = "if (error) { if (error.code === '23505') return res.json({}); return res.status(500).end(); }"
_GIVEN_BACK = "await supabase.from('hooks').delete().eq('event_id', event.id);"
_KNOWN = "e instanceof Prisma.PrismaClientKnownRequestError && e.code === 'P2002'"
_AGAIN = "if (e.code === 'P2002') return res.json({}); throw e;"
_BACK = f"try {{ {_UPDATE} }} catch (e) {{ await prisma.hook.delete({{ where: {{ id: event.id }} }}); throw e; }}"
_TOGETHER = (
    "await prisma.$transaction(async (tx) => { await tx.hook.create({ data: { id: event.id } }); "
    "await tx.order.updateMany({ where: { intent: event.data.object.id }, data: { status: 'paid' } }); });"
)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (f"{_SUPABASE} if (error) {{ if (error.code === '23505') return res.json({{}}); return res.status(500).end(); }} {_PAY}", True),
        (f"{_SUPABASE} if (error && error.code === '23505') return res.json({{}}); if (error) throw error; {_PAY}", True),
        (f"{_SUPABASE} if (error) return res.status(500).end(); {_PAY}", False),
        (f"{_SUPABASE} {_TAKEN} {_PAY.replace('return', f'{{ {_GIVEN_BACK} return')} }}", False),
        (f"{_PAY} {_SUPABASE} if (error) {{ if (error.code === '23505') return res.json({{}}); return res.status(500).end(); }}", False),
        (f"try {{ {_CREATE} }} catch (e) {{ {_AGAIN} }} {_UPDATE}", True),
        (f"try {{ {_CREATE} }} catch (e) {{ if ({_KNOWN}) return res.json({{}}); return res.status(500).end(); }} {_UPDATE}", True),
        (f"try {{ {_CREATE} }} catch (e) {{ {_AGAIN} }} {_BACK}", False),
        (f"try {{ {_TOGETHER} }} catch (e) {{ {_AGAIN} }}", False),
        (
            f"try {{ {_INSERT} {_QUERY} }} catch (e) {{ if (e.code === '23505') return res.json({{}}); return res.status(500).end(); }}",
            True,
        ),
        (f"const row = {_NOTHING} if (row.rowCount === 0) return res.sendStatus(200); {_QUERY}", True),
        (f"await pool.query('BEGIN'); const row = {_NOTHING} if (row.rowCount === 0) return res.sendStatus(200); {_QUERY}", False),
    ],
)
def test_in_javascript(tmp_path: Path, body: str, wrong: bool) -> None:
    files = {"server.js": _NODE.replace("BODY", body), "package.json": "{}", "schema.sql": _TABLES, "prisma/schema.prisma": _PRISMA}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_DJANGO = """\
import stripe
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from shop.models import Hook, Order

def settle(event):
    order = Order.objects.get(intent=event["data"]["object"]["id"])
    order.status = "paid"
    order.save()

def hook(request):
    event = stripe.Webhook.construct_event(request.body, request.headers["Stripe-Signature"], settings.HOOK_SECRET)
BODY
    return HttpResponse("")
"""
_GET = (
    '    row, made = Hook.objects.get_or_create(event_id=event["id"])\n    if not made:\n        return HttpResponse("")\n    settle(event)'
)
_TRY = """    try:
        with transaction.atomic():
            Hook.objects.create(event_id=event["id"])
    except IntegrityError:
        return HttpResponse("", status=STATUS)
    settle(event)"""


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (_GET, True),
        (_GET.replace("not made:", "not made and row.done:") + "\n    row.done = True\n    row.save()", False),
        (_TRY.replace("STATUS", "200"), True),
        (_TRY.replace("STATUS", "409"), False),
        ("    with transaction.atomic():\n" + "\n".join("    " + line for line in _GET.splitlines()), False),
    ],
)
def test_in_django(tmp_path: Path, body: str, wrong: bool) -> None:
    files = {
        "shop/views.py": _DJANGO.replace("BODY", body),
        "shop/urls.py": 'from django.urls import path\nfrom shop import views\nurlpatterns = [path("hook/", views.hook)]\n',
        "shop/models.py": "from django.db import models\nclass Hook(models.Model):\n"
        "    event_id = models.CharField(max_length=60, unique=True)\n"
        "    done = models.BooleanField(default=False)\nclass Order(models.Model):\n    intent = models.CharField(max_length=60)\n"
        "    status = models.CharField(max_length=20)\n",
        "manage.py": "",
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_SESSION = """\
import os
import stripe
from fastapi import Depends, FastAPI, Request
from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, declarative_base, sessionmaker

Base = declarative_base()

class Hook(Base):
    __tablename__ = "hooks"
    id = Column(Integer, primary_key=True)
    event_id = Column(String, unique=True)

class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    intent = Column(String)
    status = Column(String)

Local = sessionmaker(bind=create_engine("postgresql://db/shop"))
app = FastAPI()

def get_db():
    db = Local()
    try:
        yield db
    finally:
        db.close()

@app.post("/hook")
async def hook(request: Request, db: Session = Depends(get_db)):
    event = stripe.Webhook.construct_event(await request.body(), request.headers["stripe-signature"], os.environ["HOOK"])
    db.add(Hook(event_id=event["id"]))
    try:
        db.KEEP()
    except IntegrityError:
        db.rollback()
        return {"seen": True}
    order = db.query(Order).filter(Order.intent == event["data"]["object"]["id"]).first()
    order.status = "paid"
    db.commit()
    return {"ok": True}
"""


@pytest.mark.parametrize(("keep", "wrong"), [("commit", True), ("flush", False)])
def test_a_unit_of_work_keeps_what_it_has_committed(tmp_path: Path, keep: str, wrong: bool) -> None:
    files = {"main.py": _SESSION.replace("KEEP", keep), "requirements.txt": "fastapi\nsqlalchemy\nstripe\n"}
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_LARAVEL = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\Hook;
use App\\Models\\Order;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;
use Illuminate\\Database\\QueryException;
use Illuminate\\Database\\UniqueConstraintViolationException;
class HookController extends Controller {
    public function handle(Request $request) {
        $event = \\Stripe\\Webhook::constructEvent($request->getContent(), $request->header('Stripe-Signature'), config('services.hook'));
        BODY
        return response()->json(['ok' => true]);
    }
}
"""
_PAID = "$order = Order::where('intent', $event->data->object->id)->firstOrFail(); $order->status = 'paid'; $order->save();"
_FIRST = "$row = Hook::firstOrCreate(['event_id' => $event->id]); if (!$row->wasRecentlyCreated) { return response('', 200); }"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (f"{_FIRST} {_PAID}", True),
        (
            "try { Hook::create(['event_id' => $event->id]); } catch (UniqueConstraintViolationException $e) { return response('', 200); }"
            + _PAID,
            True,
        ),
        (
            "try { Hook::create(['event_id' => $event->id]); } catch (QueryException $e) { if ($e->errorInfo[1] == 1062) "
            "{ return response('', 200); } throw $e; }" + _PAID,
            True,
        ),
        (f"return DB::transaction(function () use ($event) {{ {_FIRST} {_PAID} return response('', 200); }});", False),
    ],
)
def test_in_laravel(tmp_path: Path, body: str, wrong: bool) -> None:
    model = "<?php\nnamespace App\\Models;\nuse Illuminate\\Database\\Eloquent\\Model;\nclass NAME extends Model { }\n"
    files = {
        "app/Http/Controllers/HookController.php": _LARAVEL.replace("BODY", body),
        "routes/api.php": "<?php\nuse App\\Http\\Controllers\\HookController;\nuse Illuminate\\Support\\Facades\\Route;\n"
        "Route::post('/hook', [HookController::class, 'handle']);\n",
        "app/Models/Order.php": model.replace("NAME", "Order"),
        "app/Models/Hook.php": model.replace("NAME", "Hook"),
        "database/migrations/2024_01_01_000000_hooks.php": "<?php\nuse Illuminate\\Database\\Schema\\Blueprint;\n"
        "use Illuminate\\Support\\Facades\\Schema;\nSchema::create('hooks', function (Blueprint $t) "
        "{ $t->id(); $t->string('event_id')->unique(); });\n",
        "composer.json": '{"require": {"laravel/framework": "^11.0", "stripe/stripe-php": "^13"}}',
    }
    assert bool(found(tmp_path, files, _CHECK)) is wrong


_HELPER = """\
const { createClient } = require('@supabase/supabase-js');
let client = null;
function made() { return client ?? (client = createClient(process.env.SUPABASE_URL, process.env.SUPABASE_KEY)); }
exports.db = { get from() { return made().from.bind(made()); } };
"""


@pytest.mark.parametrize(("read", "wrong"), [("", True), ("const { error } = ", False)])
def test_a_getter_that_binds_gives_the_method_itself(tmp_path: Path, read: str, wrong: bool) -> None:
    """What is written through a client that is only made when a getter is read is written all the same."""
    raised = "if (error) throw error;" if read else ""
    body = f"{read}await db.from('orders').update({{ status: 'paid' }}).eq('intent', event.data.object.id); {raised}"
    files = {"server.js": _NODE.replace("BODY", body).replace("const app", "const { db } = require('./db');\nconst app"), "db.js": _HELPER}
    assert bool(found(tmp_path, files, _CHECK)) is wrong
