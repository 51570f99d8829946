"""Messages of payment systems that no pack knows: whose they are said to be, and where a question stands for a finding."""

from pathlib import Path

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example
from tillproof.contract import Report

CHECK = "payment/webhook-unverified"
SERVER = """\
const express = require('express');
const app = express();
app.use(express.json());
app.use(require('./hooks'));
app.listen(3000);
"""
MODELS = """\
const { Sequelize, DataTypes } = require('sequelize');
const db = new Sequelize(process.env.DATABASE_URL);
exports.Order = db.define('order', { number: DataTypes.STRING, status: DataTypes.STRING, remark: DataTypes.STRING });
"""
HOOKS = """\
const { Router } = require('express');
const { Order } = require('./models');
const router = Router();
const TOKEN = process.env.FJELLPAY_API_KEY;
GUARD
router.post('/fjellpay/notify', BEFORE async (req, res) => {
  await Order.update({ WRITTEN }, { where: { number: req.body.reference } });
  res.sendStatus(200);
});
module.exports = router;
"""


def _reviewed(tmp_path: Path, written: str, guard: str = "", before: str = "") -> Report:
    hooks = HOOKS.replace("GUARD", guard).replace("BEFORE", before).replace("WRITTEN", written)
    files = {"server.js": SERVER, "models.js": MODELS, "hooks.js": hooks}
    return review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)


def _asked(report: Report) -> list[str]:
    return [o.because.what for o in report.obligations if o.check == CHECK and o.ruling == "unknown" and o.because]


def test_a_state_that_the_sender_names_is_believed_whoever_he_is(tmp_path: Path) -> None:
    report = _reviewed(tmp_path, "status: req.body.status")
    assert [(h.provider, h.kind, h.verified) for h in report.handlers] == [("fjellpay", "webhook", "no")]
    assert [f.severity for f in report.findings] == ["critical"]
    assert [(b.system, b.direction) for b in report.boundaries] == [("fjellpay", "inbound")]


def test_what_marks_nothing_as_paid_is_asked_about(tmp_path: Path) -> None:
    report = _reviewed(tmp_path, "remark: req.body.status")
    assert not report.findings
    (question,) = _asked(report)
    assert question.startswith("Who calls /fjellpay/notify")


def test_a_list_of_addresses_is_asked_about(tmp_path: Path) -> None:
    guard = """\
const allowedIps = (process.env.FJELLPAY_IPS || '').split(',');
const fromFjellpay = (req, res, next) => (allowedIps.includes(req.ip) ? next() : res.sendStatus(403));
"""
    report = _reviewed(tmp_path, "status: 'paid'", guard, "fromFjellpay,")
    assert not report.findings
    (question,) = _asked(report)
    assert "addresses" in question
    assert report.summary.verdict == "conditional"
    assert "`fjellpay`" in report.summary.conditions[0]


def test_a_shop_s_own_route_that_hears_of_parcels_is_no_payment_message(tmp_path: Path) -> None:
    hooks = HOOKS.replace("GUARD", "").replace("BEFORE", "").replace("WRITTEN", "remark: req.body.status")
    hooks = hooks.replace("/fjellpay/notify", "/courier/notify").replace("FJELLPAY", "COURIER")
    files = {"server.js": SERVER, "models.js": MODELS, "hooks.js": hooks}
    assert not review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK).handlers


def test_one_field_is_enough_where_the_shop_is_paid_by_one_system_alone(tmp_path: Path) -> None:
    def told(name: str, field: str) -> list[str]:
        pay = """\
<?php
function token($order) {
    $c = curl_init('https://app.midtrans.com/snap/v1/transactions');
    curl_setopt_array($c, [CURLOPT_POSTFIELDS => json_encode($order), CURLOPT_TIMEOUT => 9, CURLOPT_RETURNTRANSFER => 1]);
    return json_decode(curl_exec($c))->token;
}
"""
        hook = f"""\
<?php
require 'db.php';
$told = json_decode(file_get_contents('php://input'));
if ($told->{field} == '200') {{
    $db->query("UPDATE orders SET status = 'paid' WHERE number = '" . $db->real_escape_string($told->order_id) . "'");
}}
"""
        files = {"db.php": "<?php $db = new mysqli('localhost');", "pay.php": pay, "notify.php": hook}
        return [h.provider for h in review_of(Example(title="", files=files, expect=[]), tmp_path / name, CHECK).handlers]

    assert told("its own", "status_code") == ["midtrans"]
    assert told("any", "answer") != ["midtrans"]


def test_words_for_a_payment_that_has_come_in_other_languages(tmp_path: Path) -> None:
    def paid(name: str, state: str) -> list[str]:
        page = f"""\
<?php
use App\\Models\\Order;
use Illuminate\\Support\\Facades\\Route;
Route::get('/thanks/{{number}}', function ($number) {{
    Order::where('number', $number)->update(['payment_status' => '{state}']);
    return view('thanks');
}})->middleware('auth');
"""
        files = {"composer.json": '{"require": {"laravel/framework": "^11"}}', "artisan": "", "routes/web.php": page}
        report = review_of(Example(title="", files=files, expect=[]), tmp_path / name, "payment/fulfil-on-redirect")
        return [f.severity for f in report.findings]

    came = ("Pembayaran Berhasil", "Pago realizado", "Paiement réussi", "Zahlung bestätigt", "Ödeme alındı", "opłacone")
    assert [paid(f"came{n}", state) for n, state in enumerate(came)] == [["critical"]] * len(came)
    open_ = ("Menunggu Pembayaran", "Pembayaran Gagal", "Pago rechazado", "Paiement refusé")
    assert [paid(f"open{n}", state) for n, state in enumerate(open_)] == [[]] * len(open_)


def test_what_takes_a_piece_out_of_the_address_asks_nobody(tmp_path: Path) -> None:
    """A library's call whose name says that it reads the request is no question to the payment system; one that fetches is a doubt."""
    found = {}
    for call in ("getReferenceFromUrl(req.originalUrl)", "getPayment(req.originalUrl)"):
        hooks = HOOKS.replace("GUARD", "const { Payments } = require('fjellpay-payments');").replace("BEFORE", "")
        hooks = hooks.replace("  await Order", f"  const reference = await Payments.{call};\n  await Order")
        hooks = hooks.replace("WRITTEN", "status: req.body.status").replace("number: req.body.reference", "number: reference")
        files = {"server.js": SERVER, "models.js": MODELS, "hooks.js": hooks}
        report = review_of(Example(title="", files=files, expect=[]), tmp_path / call[:12], CHECK)
        found[call[:12]] = [o.ruling for o in report.obligations]
    assert found == {"getReference": ["broken"], "getPayment(r": ["unknown"]}
