"""Ports that a container fills: a call on the port lands in what is handed out for it."""

from pathlib import Path

from tests.commerce.small_models import model_of
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op

PORT = "export abstract class Clock { abstract now(): number; }\n"
SYSTEM = "export class SystemClock { now() { return Date.now(); } }\n"
FROZEN = "export class FrozenClock { now() { return 0; } }\n"
USER = """\
import { Injectable } from '@nestjs/common';
import { Clock } from './clock';
@Injectable()
export class Bill {
  constructor(private readonly clock: Clock) {}
  dated() { return this.clock.now(); }
}
"""
MODULE = """\
import {{ Module }} from '@nestjs/common';
import {{ Clock }} from './clock';
import {{ SystemClock }} from './system';
import {{ FrozenClock }} from './frozen';
import {{ Bill }} from './bill';
const CLOCK = Symbol('CLOCK');
@Module({{ providers: [Bill, SystemClock, {{ {binding} }}] }})
export class AppModule {{}}
"""


def landing(tmp_path: Path, binding: str) -> list[str]:
    """Where ``this.clock.now()`` leads when the module binds the port so."""
    files = {"src/clock.ts": PORT, "src/system.ts": SYSTEM, "src/frozen.ts": FROZEN, "src/bill.ts": USER}
    model, _ = model_of(tmp_path, files | {"src/module.ts": MODULE.format(binding=binding), "package.json": PACKAGE})
    dated = next(f for f in model.program.all_functions("src/bill.ts") if model.program.name(f) == "dated")
    return [model.program.qualified(fn) for fn in _called(model, dated)]


def _called(model: Model, fn: Fn) -> list[Fn]:
    body = model.program.body(fn)
    calls = [i for i, op in enumerate(body.op) if op == Op.CALL]
    return [o.fn for i in calls for o in options(model.evaluator.value(fn, body.args(i)[0])) if isinstance(o, FunctionV)]


PACKAGE = '{"dependencies": {"@nestjs/common": "^11.0.0"}}'


def test_a_class_that_is_bound_to_a_port_stands_in_for_it(tmp_path: Path) -> None:
    assert landing(tmp_path / "class", "provide: Clock, useClass: FrozenClock") == ["FrozenClock.now"]
    assert landing(tmp_path / "existing", "provide: Clock, useExisting: SystemClock") == ["SystemClock.now"]
    assert landing(tmp_path / "factory", "provide: Clock, useFactory: () => new FrozenClock()") == ["FrozenClock.now"]


def test_a_binding_is_followed_through_a_token(tmp_path: Path) -> None:
    assert landing(tmp_path, "provide: Clock, useExisting: CLOCK }, { provide: CLOCK, useClass: SystemClock") == ["SystemClock.now"]


def test_a_port_that_nothing_is_bound_to_leads_nowhere(tmp_path: Path) -> None:
    assert landing(tmp_path, "provide: CLOCK, useClass: SystemClock") == []


STEP = "<?php\nnamespace Till;\ninterface Step { public function take(array $told): void; }\n"
NOTED = "<?php\nnamespace Till;\nclass Noted implements Step { public function take(array $told): void {} }\n"
BOOKED = "<?php\nnamespace Till;\nclass Booked implements Step { public function take(array $told): void {} }\n"
RUNS = """\
<?php
namespace Till;
class Runner {{
    {kept}
    public function run(array $told): void {{
        {said}
        foreach ($this->steps as $step) {{ $step->take($told); }}
    }}
}}
"""


def taken(tmp_path: Path, kept: str, said: str = "") -> set[str]:
    """Where a call on what a loop goes through leads, when a class keeps the list so."""
    files = {"src/Step.php": STEP, "src/Noted.php": NOTED, "src/Booked.php": BOOKED, "composer.json": AUTOLOAD}
    model, _ = model_of(tmp_path, files | {"src/Runner.php": RUNS.format(kept=kept, said=said)})
    run = next(f for f in model.program.all_functions("src/Runner.php") if model.program.name(f) == "run")
    return {model.program.qualified(fn) for fn in _called(model, run)}


AUTOLOAD = '{"autoload": {"psr-4": {"Till\\\\": "src/"}}}'
BOTH = {"Step.take", "Noted.take", "Booked.take"}


def test_services_that_a_loop_goes_through_are_what_the_docblock_of_the_list_says(tmp_path: Path) -> None:
    told = "/** @var Step[] */ private {}$steps; public function __construct({} $steps) {{ $this->steps = {}; }}"
    assert taken(tmp_path / "handed", told.format("", "iterable", "$steps")) == BOTH
    assert taken(tmp_path / "copied", told.format("array ", "\\IteratorAggregate", "iterator_to_array($steps)")) == BOTH
    assert taken(tmp_path / "loop", "public function __construct(private iterable $steps) {}", "/** @var Step $step */") == BOTH
    assert taken(tmp_path / "other", "public function __construct(private iterable $steps) {}", "/** @var Step $other */") == set()


def test_services_that_are_added_one_by_one_are_gone_through(tmp_path: Path) -> None:
    added = "private array $steps = []; public function add(Step $step): void { $this->steps[] = $step; }"
    assert taken(tmp_path / "typed", added) == BOTH
    assert taken(tmp_path / "untyped", added.replace("Step $step", "$step")) == set()
