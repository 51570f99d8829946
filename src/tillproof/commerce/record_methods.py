"""What runs when a record is written, though the call does not name it: a method that its class declares itself, receivers of signals."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import snake
from tillproof.commerce.relations import other_end, related
from tillproof.flow.facts import Condition, Fact
from tillproof.flow.fixed import EQUALITY
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.properties import is_property
from tillproof.flow.truth import certainly_equal
from tillproof.flow.values import ClassV, Ctx, Element, FunctionV, Instance, Member, Overlay, Param, Result, Value, constant, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Records as Mapper

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_MOST = 6
_SOME = "?"
_SAME = ("==", "!=", "is", "is not")


class Receiver(NamedTuple):
    """A function that a signal runs. ``sender``: the kind of record that it is registered for; empty for any."""

    signal: str
    sender: str
    target: FunctionV
    record: str


class RecordMethods:
    """Answers by call; what is registered is found once somebody asks."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._own: dict[tuple[str, str], list[FunctionV]] = {}
        self._classes: dict[tuple[str, str], ClassId | None] = {}

    @cached_property
    def _mappers(self) -> dict[str, list[Mapper]]:
        found: dict[str, list[Mapper]] = {}
        for framework in self.model.knowledge.frameworks.values():
            if framework.records.bases:
                found.setdefault(framework.language, []).append(framework.records)
        return found

    def targets(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        """The functions of ours that a call of outside runs on a record; none when the record is not known."""
        program = self.model.program
        mappers, body = self._mappers.get(program.language(fn.file)), program.body(fn)
        callee = body.args(i)[0]
        if not mappers or body.op[callee] != Op.FIELD:
            return []
        name = body.name(callee)
        out: dict[Fn, FunctionV] = {f.fn: f for f in self.model.inherited.targets(fn, i, ctx)}
        for mapper in mappers:
            declared = name in program.functions_by_name
            if not declared and name not in mapper.signals and f".{name}" not in mapper.sends:
                continue
            if declared or (name in mapper.signals and self._receivers):
                kind = self.model.records.holder(fn, body.args(callee)[0], ctx)[0]
                out.update((f.fn, f) for f in (self._declared(mapper, name, kind) if kind else []))
                out.update((r.target.fn, r.target) for r in self._heard(mapper.signals.get(name, ()), kind))
            if f".{name}" in mapper.sends:
                out.update((r.target.fn, r.target) for r in self._heard(_spelt(body, body.args(callee)[0]), None))
        return list(out.values())[:_MOST]

    def asked_by(self, fn: Fn, i: int, ctx: Ctx | None) -> FunctionV | None:
        """The one method of ours that a member of a record of a known kind runs: called, ``order.mark_paid()``, or read as a property,
        ``order.is_paid``."""
        program = self.model.program
        body = program.body(fn)
        field = body.args(i)[0] if body.op[i] == Op.CALL else i
        if body.op[field] != Op.FIELD or (name := body.name(field)) not in program.functions_by_name:
            return None
        kind = self.model.records.holder(fn, body.args(field)[0], ctx)[0]
        mappers = self._mappers.get(program.language(fn.file), ()) if kind else ()
        found = [f for mapper in mappers for f in self._declared(mapper, name, kind)]
        one = found[0] if len({f.fn for f in found}) == 1 else None
        return one if one is not None and is_property(self.model.evaluator.scope, one.fn) == (body.op[i] == Op.FIELD) else None

    def hears(self, fn: Fn) -> bool:
        """Whether a function is run by a signal, which hands it the record and not what the call that sends it was given."""
        return any(r.target.fn == fn for r in self._receivers)

    def never_here(self, facts: list[Fact], ctx: Ctx) -> bool:
        """Whether what stands behind some conditions in a receiver cannot run for the record that was written: it asks for another state
        than the one that the caller has just given it."""
        body, evaluator = self.model.program.body(ctx.fn), self.model.evaluator
        record = next((r.record for r in self._receivers if r.target.fn == ctx.fn), "")
        there = self.model.program.body(ctx.caller)
        callee = there.args(ctx.call)[0] if ctx.call >= 0 and there.op[ctx.call] == Op.CALL else -1
        if not record or callee < 0 or there.op[callee] != Op.FIELD:
            return False
        written = evaluator.value(ctx.caller, there.args(callee)[0], ctx.parent)
        if not isinstance(written, Overlay):
            return False
        for fact in facts:
            if not isinstance(fact, Condition) or body.op[fact.instr] != Op.BINARY or body.text(body.args(fact.instr)[0]) not in EQUALITY:
                continue
            wanted = fact.truth == (body.text(body.args(fact.instr)[0]) in ("==", "is"))
            sides = body.args(fact.instr)[1:3]
            for field, other in (sides, sides[::-1]):
                if body.op[field] == Op.FIELD and body.name(body.args(field)[0]) == record:
                    given = evaluator.member(written, body.name(field), written.at)
                    same = certainly_equal(given, evaluator.value(ctx.fn, other))
                    if same is not None and same != wanted:
                        return True
        return False

    def kind_of(self, param: Param) -> str:
        """The kind of record that a receiver of a signal is handed in a parameter."""
        found = (r.sender for r in self._receivers if r.target.fn == param.fn and r.record == param.name)
        return next(found, "")

    # --- methods

    def class_of(self, value: Value) -> ClassId | None:
        """The class that declares the table of which a value is a row, or to whose rows a relation leads: what is called on it is a method
        of that class."""
        evaluator = self.model.evaluator
        if (end := other_end(evaluator, value)) is not None:
            return end  # `self.owner`, declared as a ForeignKey
        touch = self.model.records.read_behind(value)
        table = self.model.schema.table(touch.entity, touch.fn.file) if touch is not None and touch.entity else None
        if table is not None and table.model is not None:
            return table.model
        if touch is not None and touch.entity and (named := self._class_named(touch.entity, touch.fn.file)) is not None:
            return named
        holder = self.class_of(value.base) if isinstance(value, Member) and isinstance(value.base, (Result, Element, Member)) else None
        return related(evaluator, holder, value.name) if isinstance(value, Member) and holder is not None and table is None else None

    def _class_named(self, kind: str, file: str) -> ClassId | None:
        """The one class of records of a kind, where migrations and not the class say what its table holds."""
        if (kind, file) not in self._classes:
            program, scope = self.model.program, self.model.evaluator.scope
            bases = {base for mapper in self._mappers.get(program.language(file), ()) for base in mapper.bases}
            named = [c for name in _class_names(kind) for c in program.classes_by_name.get(name, ())] if bases else []
            found = [c for c in named if program.unit(c.file) == program.unit(file) and bases & set(scope.foreign_bases(c))]
            self._classes[kind, file] = found[0] if len(found) == 1 else None
        return self._classes[kind, file]

    def _declared(self, mapper: Mapper, name: str, kind: str) -> list[FunctionV]:
        """The method of a record's own class, when there is one such class."""
        key = (name, kind)
        if key not in self._own:
            program, scope = self.model.program, self.model.evaluator.scope
            found: list[FunctionV] = []
            for fn in program.functions_by_name.get(name, ()):
                owner = program.owner(fn)
                if owner is not None and entity(program.cls(owner).name) == kind and set(scope.foreign_bases(owner)) & set(mapper.bases):
                    at = (fn.file, program.cls(owner).line)
                    found.append(FunctionV(at, fn, None, Instance(at, owner)))
            self._own[key] = found if len(found) == 1 else []
        return self._own[key]

    # --- signals

    def _heard(self, signals: tuple[str, ...], kind: str | None) -> Iterator[Receiver]:
        """Who hears of a record of some kind; ``kind`` is None where whoever listens is meant. Of what is no known record only those hear
        who listen to any."""
        for receiver in self._receivers if signals else ():
            if receiver.signal in signals and (not receiver.sender or kind is None or receiver.sender == kind):
                yield receiver

    @cached_property
    def _receivers(self) -> list[Receiver]:
        program = self.model.program
        found: list[Receiver] = []
        for language, mappers in self._mappers.items():
            for mapper in mappers:
                words = {n.rpartition(".")[2] for n in mapper.registers}
                for file in dict.fromkeys(f for word in sorted(words) for f in program.mentioning(word)):
                    if program.language(file) == language:
                        for fn in program.functions_calling(file, words):
                            found += self._registered(mapper, words, fn)
        return found

    def _registered(self, mapper: Mapper, words: set[str], fn: Fn) -> Iterator[Receiver]:
        """``@receiver(post_save, sender=Order)``, ``post_save.connect(restock, sender=Order)``"""
        body = self.model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.DECORATE and body.args(i)[0] == 0 and body.op[body.args(i)[2]] == Op.CALL:
                call = body.args(i)[2]
                if body.called(call) in words and (given := body.call(call)[1]):
                    at = (fn.file, body.line[i])
                    target = FunctionV(at, Fn(fn.file, body.args(i)[1]), None)
                    for signal in _spelt(body, given[0][1]):
                        yield Receiver(signal, self._sender(mapper, fn, call) or self._asked_for(mapper, target), target, mapper.record)
            elif op == Op.CALL and body.called(i) in words and body.op[body.args(i)[0]] == Op.FIELD and (given := body.call(i)[1]):
                for signal in _spelt(body, body.args(body.args(i)[0])[0]):
                    for option in options(self.model.evaluator.value(fn, given[0][1])):
                        if isinstance(option, FunctionV):
                            yield Receiver(signal, self._sender(mapper, fn, i) or self._asked_for(mapper, option), option, mapper.record)

    def _sender(self, mapper: Mapper, fn: Fn, call: int) -> str:
        """The kind of record that a receiver is registered for; empty for any. A kind that is given and cannot be told is none of
        those that are known by name: a receiver of one kind does not hear of all."""
        given = next((v for k, v in self.model.program.body(fn).call(call)[1] if k == mapper.sender), None)
        return (self._kind(fn, given) or _SOME) if given is not None else ""

    def _asked_for(self, mapper: Mapper, target: FunctionV) -> str:
        """The kind of record that a receiver of any kind goes on with: ``if sender != Order: return``, ``isinstance(instance, Order)``."""
        body = self.model.program.body(target.fn)
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) in _SAME:
                sides = body.args(i)[1:3]
                asked = [(a, b) for a, b in (sides, sides[::-1]) if body.op[a] == Op.NAME and body.name(a) == mapper.sender]
            elif op == Op.CALL and body.called(i) == "isinstance" and len(given := body.call(i)[1]) == 2:
                asked = [(given[0][1], given[1][1])] if body.name(given[0][1]) == mapper.record else []
            else:
                continue
            if asked and (kind := self._kind(target.fn, asked[0][1])):
                return kind
        return ""

    def _kind(self, fn: Fn, i: int) -> str:
        """The kind of record that a value names: a class, its name in a text, or what a call is asked for by that name."""
        body = self.model.program.body(fn)
        value = options(self.model.evaluator.value(fn, i))
        names = [self.model.program.cls(o.cls).name for o in value if isinstance(o, ClassV)]
        calls = [o for o in value if isinstance(o, Result) and o.instr >= 0] if not names else []
        for call in calls:  # ``apps.get_model('orders', 'Order')``, ``get_user_model()``
            texts = [t for _, v in self.model.evaluator.arguments(call) if (t := constant(v))]
            names += texts[-1:] or [self.model.program.body(call.fn).called(call.instr).removeprefix("get_")]
        if not names:  # a class that only the settings know is called by its name, or it stands there in a text: ``sender="orders.Order"``
            told = body.const(i)
            names = list((told[1].strip("'\""),) if told is not None else _spelt(body, i))
        words = (n.rpartition(".")[2].removesuffix("_MODEL").removesuffix("_model").removeprefix("AUTH_") for n in names)
        return next((entity(name) or snake(name) for name in words if name), "")


def _spelt(body: Body, i: int) -> tuple[str, ...]:
    """The last word of a name, or of each name in a list."""
    if body.op[i] == Op.LIST:
        return tuple(word for item in body.args(i) for word in _spelt(body, item))
    return (body.name(i).rpartition(".")[2],) if body.op[i] in (Op.NAME, Op.FIELD) else ()


def _class_names(kind: str) -> tuple[str, ...]:
    """What the class of records of a kind may be called: ``order_item`` is of ``OrderItem``."""
    name = "".join(word.capitalize() for word in kind.split("_"))
    return (name, f"{name}Model")
