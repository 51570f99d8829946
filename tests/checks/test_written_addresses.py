"""A list of addresses proves nothing where the sender writes his own address."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_PYTHON = """\
import ipaddress
from fastapi import APIRouter, HTTPException, Request
from shop.models import Order, session
router = APIRouter()
ALLOWED_NETWORKS = ["185.71.76.0/27", "77.75.153.0/25"]

def sender(request: Request):
    READ

def is_ip_allowed(ip):
    return any(ipaddress.ip_address(ip) in ipaddress.ip_network(net) for net in ALLOWED_NETWORKS)

@router.post("/yookassa/webhook")
async def yookassa_webhook(request: Request):
    if not is_ip_allowed(sender(request)):
        raise HTTPException(status_code=403)
    payload = await request.json()
    order = session.query(Order).get(payload["object"]["metadata"]["order_id"])
    if payload["event"] == "payment.succeeded":
        order.status = "paid"
        session.commit()
    return {}
"""
_EXPRESS = """\
const express = require('express');
const { Order } = require('./models');
const app = express();
TRUST
const IPS = ['185.71.76.10', '77.75.153.5'];
app.post('/yookassa/webhook', express.json(), async (req, res) => {
  const ip = READ;
  if (!IPS.includes(ip)) return res.sendStatus(403);
  const order = await Order.findByPk(req.body.object.metadata.order_id);
  if (req.body.event === 'payment.succeeded') await order.update({ status: 'paid' });
  res.sendStatus(200);
});
"""
_PHP = """\
<?php
$pdo = new PDO($_ENV['DSN']);
function client_ip() { READ }
$allowed_ips = ['185.71.76.10', '77.75.153.5'];
if (!in_array(client_ip(), $allowed_ips)) { http_response_code(403); exit; }
$event = json_decode(file_get_contents('php://input'), true);
if ($event['event'] === 'payment.succeeded') {
    $pdo->prepare('UPDATE orders SET status = ? WHERE id = ?')->execute(['paid', $event['object']['metadata']['order_id']]);
}
"""
_WRITTEN = [
    ("py", "forwarded = request.headers.get('x-forwarded-for')\n    return forwarded.split(',')[0].strip() if forwarded else ''"),
    ("py", "return request.headers['X-Forwarded-For'].split(',')[0]"),
    ("js", "(req.headers['x-forwarded-for'] || req.socket.remoteAddress || '').split(',')[0]"),
    ("js", "req.get('X-Forwarded-For')"),
    ("js trusting", "req.ip"),
    ("php", "return $_SERVER['HTTP_X_FORWARDED_FOR'] ?? $_SERVER['REMOTE_ADDR'];"),
    ("php", "if (!empty($_SERVER['HTTP_CLIENT_IP'])) { return $_SERVER['HTTP_CLIENT_IP']; } return $_SERVER['REMOTE_ADDR'];"),
]
_UNSETTLED = [
    ("py", "return request.client.host"),
    ("py", "return request.headers['X-Forwarded-For'].split(',')[-1].strip()"),
    ("js", "req.ip"),
    ("js", "req.socket.remoteAddress"),
    ("js", "req.headers['x-forwarded-for'].split(',').pop()"),
    ("php", "return $_SERVER['REMOTE_ADDR'];"),
]


def _review(path: Path, form: str, read: str) -> tuple[list[str], list[str], list[str]]:
    if form == "py":
        (path / "requirements.txt").write_text("fastapi\nyookassa\nsqlalchemy\n")
        (path / "shop").mkdir()
        models = "from sqlalchemy.orm import declarative_base, sessionmaker\nfrom sqlalchemy import Column, Integer, String\n"
        models += "Base = declarative_base()\nsession = sessionmaker()()\n"
        models += (
            "class Order(Base):\n    __tablename__ = 'orders'\n    id = Column(Integer, primary_key=True)\n    status = Column(String)\n"
        )
        (path / "shop/models.py").write_text(models)
        (path / "shop/hooks.py").write_text(_PYTHON.replace("READ", read))
        (path / "main.py").write_text(
            "from fastapi import FastAPI\nfrom shop.hooks import router\napp = FastAPI()\napp.include_router(router)\n"
        )
    elif form.startswith("js"):
        trust = "app.set('trust proxy', true);" if "trusting" in form else ""
        (path / "package.json").write_text('{"dependencies": {"express": "4", "sequelize": "6", "yookassa": "1"}}')
        models = "const { Sequelize, DataTypes } = require('sequelize');\nconst db = new Sequelize(process.env.DB);\n"
        models += "exports.Order = db.define('Order', { status: DataTypes.STRING });\n"
        (path / "models.js").write_text(models)
        (path / "app.js").write_text(_EXPRESS.replace("READ", read).replace("TRUST", trust))
    else:
        (path / "yookassa_webhook.php").write_text(_PHP.replace("READ", read))
    report = review(path, Settings(use_cache=False))
    weak = [f"{f.severity} {f.confidence}" for f in report.findings if f.check == "payment/webhook-weak-verification"]
    unverified = [str(o.ruling) for o in report.obligations if o.check == "payment/webhook-unverified"]
    return weak, unverified, [str(h.verified) for h in report.handlers]


@pytest.mark.parametrize(("form", "read"), _WRITTEN)
def test_an_address_that_the_sender_writes(tmp_path: Path, form: str, read: str) -> None:
    assert _review(tmp_path, form, read) == (["critical likely"], ["held"], ["weak"])


@pytest.mark.parametrize(("form", "read"), _UNSETTLED)
def test_an_address_that_somebody_else_writes_is_a_question(tmp_path: Path, form: str, read: str) -> None:
    weak, unverified, _ = _review(tmp_path, form, read)
    assert (weak, unverified) == ([], ["unknown"])


_SIGNED = """\
$sent = file_get_contents('php://input');
if (!hash_equals(hash_hmac('sha256', $sent, getenv('YOOKASSA_SECRET')), $_SERVER['HTTP_X_SIGNATURE'] ?? '')) { exit; }
"""


@pytest.mark.parametrize(
    ("read", "weak"),
    [
        ("return explode(',', $_SERVER['HTTP_X_FORWARDED_FOR'])[0];", ["medium likely"]),
        ("return $_SERVER['REMOTE_ADDR'];", []),
        ("$list = explode(',', $_SERVER['HTTP_X_FORWARDED_FOR']); return trim(end($list));", []),
    ],
)
def test_a_list_beside_a_signature_keeps_nobody_out(tmp_path: Path, read: str, weak: list[str]) -> None:
    signed = _PHP.replace("$event =", _SIGNED + "$event =").replace("READ", read)
    (tmp_path / "yookassa_webhook.php").write_text(signed)
    report = review(tmp_path, Settings(use_cache=False, checks=("payment/webhook-weak-verification",)))
    assert [f"{f.severity} {f.confidence}" for f in report.findings] == weak
