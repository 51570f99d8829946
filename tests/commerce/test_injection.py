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
