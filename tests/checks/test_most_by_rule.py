"""How much is left, told to a rule as the most that may be sent: the rule compares, and nothing keeps the next customer out."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "inventory/oversell-race"
_COMPOSER = '{"require": {"laravel/framework": "^11"}}'
_ROUTES = """\
<?php
use App\\Http\\Controllers\\SeatController;
use Illuminate\\Support\\Facades\\Route;
Route::post('/shows/{show_id}/seats', [SeatController::class, 'hold']);
"""
_TICKET = """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
use Illuminate\\Support\\Facades\\DB;
class Ticket extends Model {
    public function getQuantityRemainingAttribute() {
        return $this->quantity_available - ($this->quantity_sold + $this->quantity_held);
    }
    public function getQuantityHeldAttribute() {
        return DB::table('held_tickets')->where('ticket_id', $this->id)->sum('quantity');
    }
}
"""
_HELD = """\
<?php
namespace App\\Models;
use Illuminate\\Database\\Eloquent\\Model;
class HeldTicket extends Model {}
"""
_CONTROLLER = """\
<?php
namespace App\\Http\\Controllers;
use App\\Models\\HeldTicket;
use App\\Models\\Ticket;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\DB;
use Illuminate\\Support\\Facades\\Validator;
class SeatController extends Controller {
    public function hold(Request $request, $show_id) {
        RUN
    }
    private function take(Request $request, $show_id) {
        foreach ($request->get('tickets') as $id) {
            $ticket = Ticket::FIND($id);
            $most = min($ticket->MOST, $ticket->max_per_person);
            $rules['ticket_' . $id] = ['numeric', 'min:1', 'max:' . $most];
            $validator = Validator::make(['ticket_' . $id => (int) $request->get('ticket_' . $id)], $rules);
            if ($validator->fails()) { return response()->json(['status' => 'error']); }
            $held = new HeldTicket();
            $held->ticket_id = $id;
            $held->quantity = (int) $request->get('ticket_' . $id);
            $held->save();
        }
        return response()->json(['status' => 'success']);
    }
}
"""
_PLAIN = "return $this->take($request, $show_id);"
_LOCKED = "return DB::transaction(fn () => $this->take($request, $show_id));"


@pytest.mark.parametrize(
    ("run", "find", "most", "told"),
    [
        (_PLAIN, "find", "quantity_remaining", 1),
        (_LOCKED, "lockForUpdate()->find", "quantity_remaining", 0),
        (_PLAIN, "find", "per_household", 0),
    ],
    ids=["unlocked", "locked", "what one may have"],
)
def test_a_rule_that_lets_no_more_through_than_is_left(tmp_path: Path, run: str, find: str, most: str, told: int) -> None:
    controller = _CONTROLLER.replace("RUN", run).replace("FIND", find).replace("MOST", most)
    files = {
        "composer.json": _COMPOSER,
        "routes/web.php": _ROUTES,
        "app/Models/Ticket.php": _TICKET,
        "app/Models/HeldTicket.php": _HELD,
        "app/Http/Controllers/SeatController.php": controller,
    }
    assert len(found(tmp_path, files, _CHECK)) == told
