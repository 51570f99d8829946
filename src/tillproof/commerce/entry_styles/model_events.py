"""What runs when a row of Eloquent's is stored, whoever stores it: methods of observers, listeners to the events that a model sends, and
functions that its class registers (``static::saved(fn (Payment $payment) => …)``)."""

from collections.abc import Iterator

from tillproof.commerce.entry_styles.callables import php_callables
from tillproof.commerce.entry_styles.classes import candidates
from tillproof.commerce.entry_styles.wiring import Declared, Wiring
from tillproof.flow.members import static_member
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import ClassV, Instance, Member, Record, Seq, Value, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Framework

_EVENTS = frozenset(["creating", "created", "updating", "updated", "saving", "saved"])
_BOOTS = ("boot", "booted")
_HEARS = ("handle", "__invoke")
_SENDS = "dispatchesEvents"
_NOTE = "Runs whenever such a row is stored."


def declared(wiring: Wiring) -> Iterator[Declared]:
    """The functions that the records of an object-relational mapper of PHP run as they are stored."""
    for frameworks, files in wiring.active.files():
        for framework in frameworks:
            bases = set(framework.records.bases) if framework.language == "php" else set()
            if bases:
                wanted = {base.rpartition(".")[2] for base in bases}
                found = candidates(wiring, files, wanted)
                models = [cls for cls in found if bases & set(wiring.evaluator.scope.foreign_bases(cls))]
                yield from _heard(wiring, framework, models, files)


def _heard(wiring: Wiring, framework: Framework, models: list[ClassId], files: list[str]) -> Iterator[Declared]:
    program = wiring.program
    kinds = {program.cls(cls).name for cls in models}
    events = {name for cls in models for name in _sent(wiring, cls)}
    for cls in models:
        for name in _BOOTS:
            if (fn := program.methods(cls).get(name)) is not None:
                yield from _registered(wiring, framework, fn)
    for word, told in ((_EVENTS, kinds), (_HEARS, events)):
        for fn in sorted(fn for name in word for fn in program.functions_by_name.get(name, ())):
            if fn.file in files and program.owner(fn) not in models and _is_handed(wiring, fn, told):
                yield _entry(wiring, framework, fn)


def _entry(wiring: Wiring, framework: Framework, fn: Fn) -> Declared:
    place = wiring.place(fn)
    return Declared(wiring.handler(fn, place), None, ("NONE",), framework.id, "stored", place, (), "platform", _NOTE)


def _is_handed(wiring: Wiring, fn: Fn, kinds: set[str]) -> bool:
    """Whether the first thing that a method is handed is declared as one of some classes: ``handle(Created|Updated $event)``."""
    params = wiring.program.body(fn).params if kinds else []
    return bool(params) and any(part.strip("?\\ ").rpartition("\\")[2] in kinds for part in params[0].type.split("|"))


def _registered(wiring: Wiring, framework: Framework, fn: Fn) -> Iterator[Declared]:
    body = wiring.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.CALL and body.called(i).rpartition(".")[2] in _EVENTS and (given := body.call(i)[1]):
            place = (fn.file, body.line[i])
            for target, guards in php_callables(wiring, wiring.evaluator.value(fn, given[0][1]), fn):
                yield Declared(target, None, ("NONE",), framework.id, "stored", place, guards, "platform", _NOTE)


def _sent(wiring: Wiring, cls: ClassId) -> Iterator[str]:
    """The classes of the events that a model sends: ``$dispatchesEvents = ['saved' => PaymentSaved::class]``."""
    place = (cls.file, wiring.program.cls(cls).line)
    for table in options(static_member(wiring.evaluator.scope, ClassV(place, cls), _SENDS, place)):
        told: list[Value] = [v for _, v in table.entries] if isinstance(table, Record) else []
        for value in told if not isinstance(table, Seq) else table.items:
            for option in options(value):
                meant = option.base if isinstance(option, Member) and option.name == "class" else option
                if isinstance(meant, (ClassV, Instance)):
                    yield wiring.program.cls(meant.cls).name
