"""Codes of a letter or two that stand for a state: ``"C"`` where the record's class says that it means ``COMPLETED``, ``4`` where the
column's choices say that it means "paid"."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.touches import Touch
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import ClassV, Const, Ctx, Member, Result, Seq, Value, options
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LONGEST = 2
_PREFIX = re.compile(r"^((ORDER|PAYMENT|BOOKING|SUBSCRIPTION)_)?(STATUS|STATE)_")
_MEANINGS = ("paid_values", "fulfil_values", "open_values", "dead_values")


class StateCodes:
    """Answers by class and code; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[ClassId, dict[str, str]] = {}

    def spelt(self, touch: Touch) -> Touch:
        """A touch whose states are called by what their codes mean."""
        coded = {n: v for n, v in touch.fields.items() if is_code(v) and self.model.words.says_state(n)}
        if coded and (named := self._by_constant(touch)):
            code = coded.get(named[0])
            if isinstance(code, Const):
                return replace(touch, fields=touch.fields | {named[0]: Const(code.at, code.kind, code.text, named[1])})
        table = self.model.schema.table(touch.entity, touch.fn.file) if coded else None
        if table is None or table.model is None:
            return touch
        known, said = self._of(table.model), dict[str, Value | None]()
        for name, code in coded.items():
            if isinstance(code, Const) and (word := self._chosen(table.model, name).get(code.text) or known.get(code.text)):
                said[name] = Const(code.at, code.kind, code.text, word)
        return replace(touch, fields=touch.fields | said) if said else touch

    def _by_constant(self, touch: Touch) -> tuple[str, str] | None:
        """The field that is set to a constant, and what that one's name says: ``order.status = Order.REFUNDED``."""
        body = self.model.program.body(touch.fn)
        if touch.instr < 0 or body.op[touch.instr] != Op.SET_FIELD:
            return None
        given = body.bare(body.args(touch.instr)[2])
        name = body.name(given).rpartition(".")[2] if given >= 0 and body.op[given] in (Op.NAME, Op.FIELD) else ""
        word = _PREFIX.sub("", name) if name.isupper() else ""
        return (body.name(touch.instr), word) if word and self._means(word) else None

    def set_to(self, fn: Fn, i: int, ctx: Ctx | None) -> Value:
        """What a field is set to; a code by what it means."""
        body = self.model.program.body(fn)
        found = self.model.evaluator.value(fn, body.args(i)[2], ctx)
        touch = self.model.records.touch(fn, i, ctx) if is_code(found) else None
        return (touch.fields.get(body.name(i)) if touch is not None else None) or found

    def _chosen(self, cls: ClassId, field: str) -> dict[str, str]:
        """What the codes of one column mean, by the choices that its declaration names."""
        found: dict[str, str] = {}
        for column in self._kept(cls, field):
            for part in self._declared(cls, column):
                found.update((code, word) for code, word in self._meanings("", part) if self._means(word))
        return found

    def choices(self, cls: ClassId, field: str) -> list[str]:
        """The states that the declaration of a column lists, as they are stored; none where it lists none that can be read."""
        found: list[str] = []
        for column in self._kept(cls, field):
            for part in self._declared(cls, column):
                if isinstance(part, Seq):
                    pairs = [i.items for i in part.items if isinstance(i, Seq) and len(i.items) == 2]
                    found += [code.name or code.text for code, _ in pairs if isinstance(code, Const)]
                elif isinstance(part, Member) and isinstance(part.base, ClassV) and part.name == "choices":
                    top, own = Fn(part.base.cls.file, TOP), f"{self.model.program.path(part.base.cls)}."
                    held = self.model.evaluator.defuse(top).stores
                    found += [name.removeprefix(own) for name in held if name.startswith(own) and "." not in name.removeprefix(own)]
        return [word.strip("'\"") for word in found]

    def _kept(self, cls: ClassId, name: str) -> list[Value]:
        """What a class keeps under a name."""
        top, evaluator = Fn(cls.file, TOP), self.model.evaluator
        return [evaluator.value(top, store) for store in evaluator.defuse(top).stores.get(f"{self.model.program.path(cls)}.{name}", ())]

    def _declared(self, cls: ClassId, column: Value, deep: int = 1) -> Iterator[Value]:
        """What a column's declaration is told, and what its type is: ``IntegerField(choices=STATES)``, ``Column(ChoiceType(STATES))``. A
        name is one of the class before it is one of the file."""
        if not isinstance(column, Result) or column.instr < 0:
            return
        body = self.model.program.body(column.fn)
        for _, given in body.call(column.instr)[1]:
            own = self._kept(cls, body.name(given)) if body.op[given] == Op.NAME else []
            for value in own or [self.model.evaluator.value(column.fn, given, column.ctx)]:
                yield value
                if deep:
                    yield from self._declared(cls, value, deep - 1)

    def _means(self, word: str) -> bool:
        return any(self.model.words.has(kind, word) for kind in _MEANINGS)

    def _of(self, cls: ClassId) -> dict[str, str]:
        """What the codes of a class mean: the names of its constants, and the words beside them in its lists of choices."""
        if cls not in self._known:
            top, name = Fn(cls.file, TOP), self.model.program.path(cls)
            found: dict[str, str] = {}
            for held, stores in self.model.evaluator.defuse(top).stores.items():
                own = held.rpartition(".")
                if own[0] not in (name, ""):
                    continue
                for store in stores:
                    for code, word in self._meanings(own[2], self.model.evaluator.value(top, store)):
                        if not code.isdigit() and self._means(word):
                            found.setdefault(code, word)
            self._known[cls] = found
        return self._known[cls]

    def _meanings(self, name: str, value: Value) -> list[tuple[str, str]]:
        """``COMPLETED = "C"``, ``(("C", "Completed"), …)``"""
        if isinstance(value, Const):
            return [(value.text, name)] if is_code(value) and name.isupper() else []
        pairs = [i.items for i in value.items if isinstance(i, Seq) and len(i.items) == 2] if isinstance(value, Seq) else []
        return [(c.text, word) for c, label in pairs if isinstance(c, Const) and is_code(c) and (word := self._word(label))]

    def _word(self, label: Value) -> str:
        """The text of a label, through a call that translates it."""
        if isinstance(label, Result) and label.instr >= 0:
            given = self.model.evaluator.argument(label, 0)
            return self._word(given) if given is not None else ""
        return next((o.text for o in options(label) if isinstance(o, Const)), "")


def is_code(value: Value | None) -> bool:
    """Whether a value is a letter or two, or a number as short, that says nothing by itself."""
    return isinstance(value, Const) and value.kind in (Kind.STRING, Kind.NUMBER) and not value.name and 0 < len(value.text) <= _LONGEST
