"""Orders that are deleted by whoever finds the address, and what the address hands to a controller's method."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/unguarded-transition"
_CI = {"index.php": "<?php define('BASEPATH', 'system'); define('APPPATH', 'application/');"}
_CONTROLLER = """\
<?php
class Orders extends CI_Controller {
    public function __construct() { parent::__construct(); $this->load->model('Orders_model'); }
    public function remove($id) {
        $id = (int) $id;
        ASKED
        $this->Orders_model->remove($id);
        redirect('orders');
    }
}
"""
_MODEL = """\
<?php
class Orders_model extends CI_Model {
    public function remove($id) {
        $this->db->where('id', $id)->delete('TABLE');
        $this->db->where('order_id', $id)->delete('orders_clients_notes');
    }
    public function find($id) { return $this->db->get_where('orders', ['id' => $id])->row(); }
}
"""


def _codeigniter(asked: str = "", table: str = "orders") -> dict[str, str]:
    return {
        **_CI,
        "application/controllers/Orders.php": _CONTROLLER.replace("ASKED", asked),
        "application/models/Orders_model.php": _MODEL.replace("TABLE", table),
    }


def test_what_follows_in_the_address_chooses_the_order_that_is_deleted(tmp_path: Path) -> None:
    (one,) = found(tmp_path, _codeigniter(), _CHECK)
    assert (one.severity, one.title) == ("high", "Anybody can delete the order of somebody else")
    assert (one.file, one.start_line) == ("application/models/Orders_model.php", 4)


@pytest.mark.parametrize(
    ("asked", "table"),
    [
        ("$order = $this->Orders_model->find($id); if ($order->status !== 'draft') { show_404(); }", "orders"),
        ("if ($this->Orders_model->find($id)->user_id != $this->session->userdata('user_id')) { show_404(); }", "orders"),
        ("if ($this->session->userdata('role') !== 'admin') { redirect('login'); }", "orders"),
        ("", "order_notes"),
    ],
    ids=["state", "owner", "staff", "notes"],
)
def test_a_deletion_that_is_asked_for_its_owner_or_state_is_left_alone(tmp_path: Path, asked: str, table: str) -> None:
    assert found(tmp_path, _codeigniter(asked, table), _CHECK) == []


_ROUTES = """\
const express = require('express');
const mongoose = require('mongoose');
const Order = mongoose.model('Order', new mongoose.Schema({ user: String, status: String }));
const app = express();
app.delete('/orders/:id', async (req, res) => {
  DELETED
  res.json({ ok: true });
});
app.listen(3000);
"""


@pytest.mark.parametrize(
    ("deleted", "told"),
    [
        ("await Order.findByIdAndDelete(req.params.id);", 1),
        ("await Order.deleteOne({ _id: req.params.id, user: req.session.user });", 0),
        ("const order = await Order.create({}); await Order.findByIdAndDelete(order.id);", 0),
    ],
    ids=["any", "own", "new"],
)
def test_a_route_of_express_that_deletes_an_order(tmp_path: Path, deleted: str, told: int) -> None:
    files = {"package.json": '{"dependencies": {"express": "4", "mongoose": "8"}}', "app.js": _ROUTES.replace("DELETED", deleted)}
    assert len(found(tmp_path, files, _CHECK)) == told
