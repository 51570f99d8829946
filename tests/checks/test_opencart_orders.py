"""Orders of OpenCart that a callback of a way to pay puts into the state which the shop has chosen for it."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_CONTROLLER = """<?php
class ControllerExtensionPaymentAcme extends Controller {
    public function index() {
        $this->load->model('checkout/order');
        return $this->load->view('acme', ['address' => 'https://pay.acme.example/']);
    }
    public function METHOD() {
        $this->load->model('checkout/order');
        $this->model_checkout_order->CALL(ORDER, $this->config->get('payment_acme_order_status_id'));
    }
}
"""


@pytest.mark.parametrize(
    ("method", "call", "order", "wrong"),
    [
        ("back", "addOrderHistory", "(int)$this->request->get['order_id']", True),
        ("back", "confirm", "$this->request->get['order_id']", True),
        ("confirm", "addOrderHistory", "$this->session->data['order_id']", False),
    ],
)
def test_who_names_the_order_pays_it(tmp_path: Path, method: str, call: str, order: str, wrong: bool) -> None:
    code = _CONTROLLER.replace("METHOD", method).replace("CALL", call).replace("ORDER", order)
    files = {"upload/catalog/controller/extension/payment/acme.php": code}
    found = [x for check in ("payment/fulfil-on-redirect", "payment/webhook-unverified") for x in broken(tmp_path, check, files)]
    assert bool(found) is wrong
