"""Services that a module or plugin of Yii's keeps under names that it registers: ``$this->setComponents(['mollie' => Mollie::class])``,
``'components' => […]`` of its ``config()``; read as ``Plugin::getInstance()->mollie``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.flow.program import ClassId
from tillproof.flow.values import ClassV, Member, Record, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_REGISTERS = "setComponents"
_LISTED = "components"
_CONFIG = "config"


def components(scope: "Scope", cls: ClassId, name: str) -> list[ClassId]:
    """The classes of the service that a class of ours, or one above it, registers under a name."""
    if scope.program.language(cls.file) != "php":
        return []
    for one in scope.lineage(cls):
        if b"omponents" not in scope.program.class_text(one):
            continue
        entries = [v for record in _registered(scope, one) for key, v in record.entries if key == name]
        if found := [c for v in entries for c in _classes(v)]:
            return found
    return []


def _registered(scope: "Scope", cls: ClassId) -> Iterator[Record]:
    """The tables of services that the methods of a class register or declare."""
    evaluator = scope.evaluator
    for name, fn in scope.program.methods(cls).items():
        body = scope.program.body(fn)
        for i, op in enumerate(body.op):
            told: list[Value] = []
            if op == Op.CALL and body.called(i) == _REGISTERS:
                told = [evaluator.value(fn, a) for _, a in body.call(i)[1][:1]]
            elif op == Op.RETURN and name == _CONFIG and body.args(i)[0] >= 0:
                given = evaluator.value(fn, body.args(i)[0])
                told = [v for o in options(given) if isinstance(o, Record) for key, v in o.entries if key == _LISTED]
            yield from (o for v in told for o in options(v) if isinstance(o, Record))


def _classes(entry: Value) -> Iterator[ClassId]:
    """The class of a service, by its name or by the record that describes it: ``['class' => Mollie::class]``."""
    for option in options(entry):
        told = [v for key, v in option.entries if key == "class"] if isinstance(option, Record) else [option]
        for one in (o for v in told for o in options(v)):
            owner = one.base if isinstance(one, Member) and one.name == "class" else one
            if isinstance(owner, ClassV):
                yield owner.cls
