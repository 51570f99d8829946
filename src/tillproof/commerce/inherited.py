"""Methods of ours that a framework's own method runs on an object: ``serializer.save()`` runs the serializer's ``create`` or ``update``."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.entities import entity
from tillproof.commerce.entry_styles.inherited import named_classes, run
from tillproof.commerce.named_for import named_for
from tillproof.commerce.names import fits
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import (
    ClassV,
    Ctx,
    FunctionV,
    Instance,
    Member,
    Param,
    Result,
    Value,
    options,
)
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Inherited as Rule

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.touches import Touch


class Filled(NamedTuple):
    """``cls``: the class by which a record is filled; ``kind``: the record's; ``changes``: whether it is there already."""

    cls: ClassId
    kind: ClassId
    changes: bool


class Inherited:
    """Answers by call; only calls of the names that packs give are looked at."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def _rules(self) -> dict[str, dict[str, list[Rule]]]:
        """Per language, what runs something of ours, by the name of the call."""
        found: dict[str, dict[str, list[Rule]]] = {}
        for framework in self.model.knowledge.frameworks.values():
            for rule in framework.inherited:
                for name in (*rule.runs, *rule.views, *rule.judged):
                    found.setdefault(framework.language, {}).setdefault(name, []).append(rule)
        return found

    def targets(self, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[FunctionV]:
        """The methods of ours that a call runs."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] != Op.FIELD:
            return
        name = body.name(callee)
        rules = self._rules.get(self.model.program.language(fn.file), {}).get(name, ())
        place = (fn.file, body.line[i])
        for rule in rules:
            if name in rule.runs:
                for cls, changes in self._objects(rule, fn, body.args(callee)[0], ctx):
                    target = run(self.model.wiring, rule, cls, (rule.changes if changes else rule.runs).get(name, ""), place)
                    if target is not None and self.model.evaluator.scope.method(cls, name) is None:
                        yield target
            if name in rule.views and self._is_super(fn, body.args(callee)[0]):
                for cls in self._named(rule, fn, ctx):
                    if (target := run(self.model.wiring, rule, cls, name, place)) is not None:
                        yield target
            if name in rule.judged:
                yield from self._judging(rule, fn, i, ctx)
        yield from self._own(fn, i, ctx)

    def _own(self, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[FunctionV]:
        """The method of a class of ours itself, called on an object that the framework makes of it: ``serializer.cancel()`` of what
        ``self.get_serializer(…)`` gives."""
        program, body = self.model.program, self.model.program.body(fn)
        callee = body.args(i)[0]
        name = body.name(callee)
        for rule in self._making.get(program.language(fn.file), ()) if name in program.functions_by_name else ():
            if not any(word.encode() in program.sources[fn.file] for word in (*rule.made_by, *rule.handed_to)):
                continue
            for option in options(self.model.evaluator.value(fn, body.args(callee)[0], ctx)):
                made = isinstance(option, Result) and option.instr >= 0 and self._makes(rule, option)
                handed = isinstance(option, Param) and program.name(option.fn) in rule.handed_to
                if isinstance(option, (Result, Param)) and (made or handed):
                    for cls in self._named(rule, option.fn, option.ctx if isinstance(option, Result) else ctx):
                        if (own := self.model.evaluator.scope.method(cls, name)) is not None:
                            yield FunctionV((fn.file, body.line[i]), own, None, Instance((fn.file, body.line[i]), cls))

    @cached_property
    def _making(self) -> dict[str, list[Rule]]:
        """Per language, the rules by which a framework makes objects of our classes."""
        found: dict[str, list[Rule]] = {}
        for framework in self.model.knowledge.frameworks.values():
            found.setdefault(framework.language, []).extend(rule for rule in framework.inherited if rule.made_by)
        return found

    def judges(self, fn: Fn, i: int, truth: bool | None, ctx: Ctx | None) -> Iterator[FunctionV]:
        """The methods of ours of which none has refused what was sent, where a call has that truth, or has come back:
        ``serializer.is_valid()``."""
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] != Op.FIELD or truth is False:
            return
        name = body.name(callee)
        for rule in self._rules.get(self.model.program.language(fn.file), {}).get(name, ()):
            insisted = any(key == rule.insists and (c := body.const(v)) is not None and c[1] == "true" for key, v in arguments)
            if name in rule.judged and (truth is not None or insisted):
                yield from self._judging(rule, fn, i, ctx)

    def _judging(self, rule: Rule, fn: Fn, i: int, ctx: Ctx | None) -> Iterator[FunctionV]:
        """The methods of ours that a call runs to have what was sent judged: ``clean`` and ``clean_email`` of the form."""
        program, body = self.model.program, self.model.program.body(fn)
        callee = body.args(i)[0]
        word, at = rule.judged[body.name(callee)], (fn.file, body.line[i])
        for cls, _ in self._objects(rule, fn, body.args(callee)[0], ctx):
            if self._is_of(rule, cls):
                own = {m: method for c in reversed(self.model.evaluator.scope.lineage(cls)) for m, method in program.methods(c).items()}
                for method in (own[m] for m in own if m == word or m.startswith(f"{word}_")):
                    yield FunctionV(at, method, None, Instance(at, cls))

    def filled(self, fn: Fn, i: int, ctx: Ctx | None) -> "Filled | None":
        """What a call saves by a framework's own means: a record of the kind that a class of ours names, as it was sent."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[i] != Op.CALL or body.op[callee] != Op.FIELD or next(self.targets(fn, i, ctx), None) is not None:
            return None
        name = body.name(callee)
        for rule in self._rules.get(self.model.program.language(fn.file), {}).get(name, ()):
            for cls, changes in self._objects(rule, fn, body.args(callee)[0], ctx) if name in rule.runs and rule.record else ():
                own = self.model.evaluator.scope.method(cls, name) is not None
                if not own and self._is_of(rule, cls) and (kind := self.kind_of(cls)) is not None:
                    return Filled(cls, kind, changes)
        return None

    def saved(self, touch: "Touch") -> "Touch":
        """A touch by a framework's own means, ``serializer.save()``, with the record that it is of."""
        filled = self.filled(touch.fn, touch.instr, touch.ctx)
        if filled is None:
            return touch
        return replace(touch, kind="write" if filled.changes else "create", entity=entity(self.model.program.cls(filled.kind).name))

    def kind_of(self, cls: ClassId) -> ClassId | None:
        """The kind of record that an object of a class is filled into: a serializer's ``Meta.model``."""
        scope, program = self.model.evaluator.scope, self.model.program
        rules = (r for f in self.model.knowledge.frameworks.values() if f.language == program.language(cls.file) for r in f.inherited)
        for rule in rules:
            if not rule.record or not self._is_of(rule, cls):
                continue
            for owner in scope.lineage(cls):
                top = Fn(owner.file, TOP)
                stores = self.model.evaluator.defuse(top).stores.get(f"{program.cls(owner).name}.{rule.record}", ())
                for store in stores:
                    found = (o.cls for o in options(self.model.evaluator.value(top, store)) if isinstance(o, ClassV))
                    if (kind := next(found, None)) is not None:
                        return kind
        return None

    def changed_by(self, fn: Fn) -> ClassId | None:
        """The kind of record that a method of ours is handed to be changed, as ``update(self, instance, validated_data)`` is."""
        cls = self.model.program.method_class(fn)
        if cls is None or self.model.program.name(fn) not in self._changing.get(self.model.program.language(fn.file), ()):
            return None
        return self.kind_of(cls)

    @cached_property
    def _changing(self) -> dict[str, frozenset[str]]:
        """Per language, the methods that are handed the record, where another one makes it."""
        found: dict[str, frozenset[str]] = {}
        for f in self.model.knowledge.frameworks.values():
            names = {m for rule in f.inherited if rule.record for call, m in rule.changes.items() if m != rule.runs.get(call)}
            found[f.language] = found.get(f.language, frozenset()) | names
        return found

    def _is_of(self, rule: Rule, cls: ClassId) -> bool:
        return any(fits(b, base) for b in rule.bases for base in self.model.evaluator.scope.foreign_bases(cls))

    def _objects(self, rule: Rule, fn: Fn, holder: int, ctx: Ctx | None) -> Iterator[tuple[ClassId, bool]]:
        """The classes of ours that a value may be an object of, and whether it was made of a record that is there already."""
        for option in options(self.model.evaluator.value(fn, holder, ctx)):
            if isinstance(option, Instance):
                yield option.cls, option.made is not None and self._is_given(rule, option.made[0], option.made[1])
            elif isinstance(option, Result) and option.instr >= 0 and self._makes(rule, option):
                changes = self._is_given(rule, option.fn, option.instr)
                yield from ((cls, changes) for cls in self._named(rule, option.fn, option.ctx))
            elif isinstance(option, Param) and (name := self.model.program.name(option.fn)) in rule.handed_to:
                yield from ((cls, name in rule.changing) for cls in self._named(rule, option.fn, ctx))

    def _makes(self, rule: Rule, value: Result) -> bool:
        callee: Value = value.callee
        return isinstance(callee, Member) and callee.name in rule.made_by

    def _is_given(self, rule: Rule, fn: Fn, call: int) -> bool:
        positional = 0
        for key, _ in self.model.program.body(fn).call(call)[1]:
            if (key or str(positional)) in rule.given:
                return True
            positional += key == ""
        return False

    def _named(self, rule: Rule, fn: Fn, ctx: Ctx | None) -> list[ClassId]:
        """The classes that the view whose method this is names."""
        view = ctx.this.cls if ctx is not None and ctx.fn == fn and isinstance(ctx.this, Instance) else self.model.program.method_class(fn)
        found = named_classes(self.model.wiring, rule, view) if view is not None else []
        return (named_for(self.model, rule, view, fn) or found) if view is not None else []

    def _is_super(self, fn: Fn, holder: int) -> bool:
        body = self.model.program.body(fn)
        return body.op[holder] == Op.CALL and body.called(holder) == "super"
