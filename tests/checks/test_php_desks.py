"""Forms in which PHP shops keep, ask and tell how it stands with a payment: each beside one that looks alike and is another thing."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

_CI = {
    "composer.json": '{"require":{"midtrans/midtrans-php":"^2"}}',
    "index.php": "<?php define('BASEPATH', 'system'); define('APPPATH', 'application/');",
}
_NOTIFIED = """\
<?php
defined('BASEPATH') or exit('No direct script access allowed');
class Notify extends CI_Controller {
    public function notification() {
        $this->load->model('model_payment');
        $told = (new \\Midtrans\\Notification())->getResponse();
        $state = $told->transaction_status;
        $row['status'] = WRITTEN;
        if ($state == 'settlement') { $this->model_payment->set($told->order_id, $row); }
        elseif ($state == 'pending') { $this->model_payment->set($told->order_id, $row); }
    }
}
"""
_KEPT = """\
<?php
class Model_payment extends CI_Model {
    public function set($number, $row) {
        CHOSEN
        $this->db->update('payments', $row);
    }
    public function begin() {
        $fare = $this->db->get_where('fares', ['id' => 1])->row();
        $row = ['number' => time(), 'amount' => $fare->price];
        $row['token'] = \\Midtrans\\Snap::getSnapToken(
            ['transaction_details' => ['order_id' => $row['number'], 'gross_amount' => SUM]]);
        $this->db->insert('payments', $row);
    }
}
"""


def _ruled(root: Path, files: dict[str, str], check: str) -> list[tuple[str, str, int]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = review(root, Settings(checks=(check,), use_cache=False))
    return sorted((o.ruling, o.site.file, o.site.line) for o in report.obligations)


def _shop(written: str = "$state", chosen: str = "$this->db->where('number', $number);", sum_: str = "$row['amount']") -> dict[str, str]:
    return {
        **_CI,
        "application/controllers/Notify.php": _NOTIFIED.replace("WRITTEN", written),
        "application/models/Model_payment.php": _KEPT.replace("CHOSEN", chosen).replace("SUM", sum_),
    }


def test_a_state_that_is_handed_on_is_the_one_that_it_was_found_to_be(tmp_path: Path) -> None:
    ruled = _ruled(tmp_path / "handed on", _shop(), "order/unguarded-transition")
    assert [r for r, *_ in ruled] == ["broken"]
    assert _ruled(tmp_path / "another", _shop(written="$told->custom_field1"), "order/unguarded-transition") == []


def test_what_a_builder_was_told_before_says_which_row_it_is(tmp_path: Path) -> None:
    def ruling(name: str, **said: str) -> list[str]:
        return [r for r, *_ in _ruled(tmp_path / name, _shop(**said), "payment/amount-not-reconciled")]

    assert ruling("told before") == ["held"]
    assert ruling("told nothing", chosen="") == ["broken"]
    assert ruling("of another builder", chosen="$this->other->where('number', $number);") == ["broken"]
    assert ruling("another sum", sum_="$this->input->post('amount')") == ["broken"]


def test_a_key_that_holds_the_letters_of_another_is_one_key(tmp_path: Path) -> None:
    code = "<?php\n\\Midtrans\\Config::$serverKey = 'PREFIX-server-qZ7rKcJDXbTLs-rhdvadnbh4O';\n"

    def severities(name: str, prefix: str) -> list[str]:
        root = tmp_path / name
        _ruled(root, {**_CI, "application/config/pay.php": code.replace("PREFIX", prefix)}, "boundary/hardcoded-secret")
        return [f.severity for f in review(root, Settings(checks=("boundary/hardcoded-secret",), use_cache=False)).findings]

    assert severities("test", "SB-Mid") == ["low"]
    assert severities("live", "Mid") == ["critical"]


_PAGE = """\
<?php
session_start();
if (isset($_POST['total'])) { $amount = strval(SENT); }
?>
<script src="https://www.paypal.com/sdk/js?client-id=abc&currency=USD"></script>
<script>
paypal.Buttons({
  createOrder: function (data, actions) {
    return actions.order.create({ purchase_units: [{ amount: { value: '<?php echo $amount; ?>' } }] });
  }
}).render('#pay');
</script>
"""


@pytest.mark.parametrize(("sent", "lines"), [("$_POST['total']", [9]), ("$_SESSION['order_total']", [])])
def test_what_a_page_writes_into_the_script_of_a_payment_system_is_what_is_paid(tmp_path: Path, sent: str, lines: list[int]) -> None:
    (tmp_path / "pay.php").write_text(_PAGE.replace("SENT", sent), encoding="utf-8")
    report = review(tmp_path, Settings(checks=("payment/client-amount",), use_cache=False))
    assert [f.start_line for f in report.findings] == lines


_CALLBACK = """\
<?php
use WHMCS\\Module\\GatewaySetting;
use WHMCS\\Database\\Capsule;
require_once __DIR__ . '/../../../init.php';
require_once __DIR__ . '/../../../includes/invoicefunctions.php';
$ours = GatewaySetting::getValue('acmepay', 'SETTING') ?? '';
if (!(isset($_GET['key']) && $ours == $_GET['key'])) {
    http_response_code(400);
    die('no');
}
if ($_GET['status'] == 'cancel') {
    Capsule::table('tblinvoices')->where('id', $_GET['invoice'])->update(['status' => 'Cancelled']);
} else {
    checkCbTransID($_GET['transaction']);
    addInvoicePayment($_GET['invoice'], $_GET['transaction'], $_GET['amount'], 0, 'acmepay');
}
"""


@pytest.mark.parametrize(("setting", "ruling"), [("antiphishingKey", "held"), ("colour", "broken")])
def test_a_secret_may_be_the_setting_of_a_module_and_empty_where_there_is_none(tmp_path: Path, setting: str, ruling: str) -> None:
    files = {"modules/gateways/callback/acmepay.php": _CALLBACK.replace("SETTING", setting)}
    ruled = _ruled(tmp_path, files, "payment/webhook-unverified")
    assert [r for r, *_ in ruled] == [ruling]


def test_a_table_may_say_in_one_word_that_it_is_one(tmp_path: Path) -> None:
    files = {"modules/gateways/callback/acmepay.php": _CALLBACK.replace("SETTING", "antiphishingKey")}
    _ruled(tmp_path, files, "order/unguarded-transition")
    report = review(tmp_path, Settings(checks=("order/unguarded-transition",), use_cache=False))
    assert [(f.start_line, f.title) for f in report.findings] == [(12, "The invoice becomes `Cancelled` whatever state it is in")]


_PRESTA = """\
<?php
include dirname(__FILE__) . '/../../config/config.inc.php';
$secret = Configuration::get('ACME_SECRET');
if (!hash_equals(hash_hmac('sha256', $_POST['cart'] . $_POST['state'], $secret), $_POST['sig'])) { die('no'); }
$state = null;
switch ($_POST['state']) {
    case 'paid': $state = (int) Configuration::get('PS_OS_PAYMENT'); break;
    case 'open': $state = (int) Configuration::get('PS_OS_ACME_PENDING'); break;
}
$order = new Order((int) Order::getOrderByCartId((int) $_POST['cart']));
GUARD
$history = new OrderHistory();
$history->changeIdOrderState((int) $state, $order, true);
"""


@pytest.mark.parametrize(("guard", "ruling"), [("", "broken"), ("if ($order->current_state != 1) { die('done'); }", "held")])
def test_a_state_that_is_chosen_and_made_a_number_is_that_state(tmp_path: Path, guard: str, ruling: str) -> None:
    files = {"modules/acmepay/notify.php": _PRESTA.replace("GUARD", guard)}
    ruled = _ruled(tmp_path, files, "order/unguarded-transition")
    assert [r for r, *_ in ruled] == [ruling]


_OBSERVER = """\
<?php
namespace Acme\\Pay\\Observer;
use Magento\\Framework\\Event\\Observer;
use Magento\\Payment\\Observer\\AbstractDataAssignObserver;
class DataAssignObserver extends AbstractDataAssignObserver {
    const NUMBER = 'cc_number';
    const TOKEN = 'payment_token';
    protected $kept = [KEPT];
    public function execute(Observer $observer) {
        $sent = $this->readDataArgument($observer)->getData('additional_data');
        $payment = $this->readPaymentModelArgument($observer);
        foreach ($this->kept as $name) {
            $payment->setAdditionalInformation($name, $sent[WHICH]);
        }
    }
}
"""


@pytest.mark.parametrize(
    ("kept", "which", "lines"),
    [("self::NUMBER, self::TOKEN", "$name", [13]), ("self::TOKEN", "$name", []), ("self::NUMBER", "'masked'", [])],
)
def test_what_a_list_names_is_kept_under_its_names(tmp_path: Path, kept: str, which: str, lines: list[int]) -> None:
    (tmp_path / "composer.json").write_text('{"require": {"magento/framework": "*"}}', encoding="utf-8")
    (tmp_path / "DataAssignObserver.php").write_text(_OBSERVER.replace("KEPT", kept).replace("WHICH", which), encoding="utf-8")
    report = review(tmp_path, Settings(checks=("pci/card-data-stored",), use_cache=False))
    assert [f.start_line for f in report.findings] == lines
