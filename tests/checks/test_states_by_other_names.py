"""Columns that hold a state under a name of the shop's own, told by what the request calls the word that is written there."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/unguarded-transition"
_FILES = {"index.php": "<?php define('BASEPATH', 'system'); define('APPPATH', 'application/');"}
_CONTROLLER = """\
<?php
class Orders extends CI_Controller {
    public function __construct() { parent::__construct(); $this->load->model('Orders_model'); }
    public function change() {
        echo $this->Orders_model->change($_POST['the_id'], $_POST['SENT']);
    }
}
"""
_MODEL = """\
<?php
class Orders_model extends CI_Model {
    public function change($id, $to) {
        $row = $this->db->get_where('orders', ['id' => $id])->row_array();
        GUARD
        $this->db->where('id', $id);
        return $this->db->update('orders', ['processed' => $to, 'viewed' => '1']);
    }
}
"""


@pytest.mark.parametrize(
    ("sent", "guard", "told"),
    [
        ("to_status", "if ($row['processed'] == $to) { return false; }", 1),
        ("to_status", "if ($row['user_id'] != $this->session->userdata('user_id') || $row['processed'] != 0) { return false; }", 0),
        ("to_page", "if ($row['processed'] == $to) { return false; }", 0),
    ],
    ids=["any", "guarded", "no state"],
)
def test_what_the_request_calls_a_state_is_one(tmp_path: Path, sent: str, guard: str, told: int) -> None:
    files = {
        **_FILES,
        "application/controllers/Orders.php": _CONTROLLER.replace("SENT", sent),
        "application/models/Orders_model.php": _MODEL.replace("GUARD", guard),
    }
    assert [(f.file, f.start_line) for f in found(tmp_path, files, _CHECK)] == [("application/models/Orders_model.php", 7)] * told


@pytest.mark.parametrize("row", ["row()", "row_array()", "first_row()", "unbuffered_row()"])
def test_a_row_is_one_of_the_table_that_was_asked(tmp_path: Path, row: str) -> None:
    model = (
        "<?php\nclass Orders_model extends CI_Model {\n    public function change($id, $to) {\n"
        f"        $row = (array) $this->db->get_where('orders', ['id' => $id])->{row};\n"
        "        if ($row['status'] !== 'open' || $row['user_id'] != $this->session->userdata('user_id')) { return false; }\n"
        "        $this->db->where('id', $id);\n        return $this->db->update('orders', ['status' => 'cancelled']);\n    }\n}\n"
    )
    controller = _CONTROLLER.replace("SENT", "to_status")
    files = {**_FILES, "application/controllers/Orders.php": controller, "application/models/Orders_model.php": model}
    assert found(tmp_path, files, _CHECK) == []
