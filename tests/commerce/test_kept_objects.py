"""Objects that a loader keeps under members: a call on the member lands in the class of the file that it is named after."""

from pathlib import Path

from tests.commerce.small_models import model_of
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

SHOP = "<?php\nclass ModelExtensionPaymentKnot extends Model { public function settle($id) { return $id; } }\n"
CONTROLLER = """<?php
class ControllerExtensionPaymentKnot extends Controller {
    public function done() {
        $this->load->model('%s');
        $this->%s->settle($this->request->get['id']);
    }
}
"""
LOADED = """<?php
class Orders extends CI_Controller {
    public function pay($id) {
        $this->load->model('Order_model');
        $this->order_model->settle($id);
    }
}
"""


def landing(root: Path, files: dict[str, str], caller: str) -> list[str]:
    """The files of the methods in which the calls of ``settle`` land."""
    model, _ = model_of(root, files)
    out = []
    for fn in model.program.all_functions(caller):
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and body.called(i) == "settle":
                out += [o.fn.file for o in options(model.evaluator.value(fn, body.args(i)[0])) if isinstance(o, FunctionV)]
    return out


def test_a_member_is_the_model_that_its_name_spells_on_the_same_side_of_the_shop(tmp_path: Path) -> None:
    shop, office = "catalog/model/extension/payment/knot.php", "admin/model/extension/payment/knot.php"
    controller = CONTROLLER % ("extension/payment/knot", "model_extension_payment_knot")
    files = {shop: SHOP, office: SHOP}
    here = "catalog/controller/extension/payment/knot.php"
    assert landing(tmp_path / "shop", files | {here: controller}, here) == [shop]
    there = "admin/controller/extension/payment/knot.php"
    assert landing(tmp_path / "office", files | {there: controller}, there) == [office]


def test_the_folders_of_an_extension_stand_in_the_name_before_the_path(tmp_path: Path) -> None:
    model, here = "catalog/model/payment/knot.php", "catalog/controller/payment/knot.php"
    controller = CONTROLLER % ("extension/knot/payment/knot", "model_extension_knot_payment_knot")
    assert landing(tmp_path, {model: SHOP, here: controller}, here) == [model]


def test_what_the_packs_tell_of_the_platform_is_not_looked_up(tmp_path: Path) -> None:
    model, here = "catalog/model/checkout/order.php", "catalog/controller/payment/knot.php"
    assert landing(tmp_path, {model: SHOP, here: CONTROLLER % ("checkout/order", "model_checkout_order")}, here) == []


def test_a_member_may_be_called_as_the_file_is(tmp_path: Path) -> None:
    model, here = "application/models/Order_model.php", "application/controllers/Orders.php"
    orders = "<?php class Order_model extends CI_Model { public function settle($id) { return $id; } }\n"
    assert landing(tmp_path, {model: orders, here: LOADED}, here) == [model]
