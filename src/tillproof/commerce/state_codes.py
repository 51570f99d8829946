"""Codes of a letter or two that stand for a state: ``"C"`` where the record's class says that it means ``COMPLETED``."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tillproof.commerce.touches import Touch
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import Const, Result, Seq, Value, options
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_LONGEST = 2
_MEANINGS = ("paid_values", "fulfil_values", "open_values", "dead_values")


class StateCodes:
    """Answers by class and code; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[ClassId, dict[str, str]] = {}

    def spelt(self, touch: Touch) -> Touch:
        """A touch whose states are called by what their codes mean."""
        coded = {n: v for n, v in touch.fields.items() if _is_code(v) and self.model.words.says_state(n)}
        table = self.model.schema.table(touch.entity, touch.fn.file) if coded else None
        if table is None or table.model is None:
            return touch
        known = self._of(table.model)
        said = {n: Const(v.at, v.kind, v.text, known[v.text]) for n, v in coded.items() if isinstance(v, Const) and v.text in known}
        return replace(touch, fields=touch.fields | said) if said else touch

    def _of(self, cls: ClassId) -> dict[str, str]:
        """What the codes of a class mean: the names of its constants, and the words beside them in its lists of choices."""
        if cls not in self._known:
            top, name = Fn(cls.file, TOP), self.model.program.cls(cls).name
            found: dict[str, str] = {}
            for held, stores in self.model.evaluator.defuse(top).stores.items():
                own = held.rpartition(".")
                if own[0] not in (name, ""):
                    continue
                for store in stores:
                    for code, word in self._meanings(own[2], self.model.evaluator.value(top, store)):
                        if any(self.model.words.has(kind, word) for kind in _MEANINGS):
                            found.setdefault(code, word)
            self._known[cls] = found
        return self._known[cls]

    def _meanings(self, name: str, value: Value) -> list[tuple[str, str]]:
        """``COMPLETED = "C"``, ``(("C", "Completed"), …)``"""
        if isinstance(value, Const):
            return [(value.text, name)] if _is_code(value) and name.isupper() else []
        pairs = [i.items for i in value.items if isinstance(i, Seq) and len(i.items) == 2] if isinstance(value, Seq) else []
        return [(c.text, word) for c, label in pairs if isinstance(c, Const) and _is_code(c) and (word := self._word(label))]

    def _word(self, label: Value) -> str:
        """The text of a label, through a call that translates it."""
        if isinstance(label, Result) and label.instr >= 0:
            given = self.model.evaluator.argument(label, 0)
            return self._word(given) if given is not None else ""
        return next((o.text for o in options(label) if isinstance(o, Const)), "")


def _is_code(value: Value | None) -> bool:
    return isinstance(value, Const) and value.kind == Kind.STRING and not value.name and 0 < len(value.text) <= _LONGEST
