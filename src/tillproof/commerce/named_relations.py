"""The records that a relation leads to, told by its name alone where the object that has it is not known:
``auth()->user()->purchases()`` of ``return $this->hasMany(Order::class)``, ``request.user.purchases`` of ``related_name="purchases"``."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.entities import entity
from tillproof.commerce.relation_methods import RELATES
from tillproof.flow.program import Fn
from tillproof.flow.values import ClassV, External, Member, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BACK = re.compile(rb"related_name\s*=\s*['\"](\w+)['\"]")
_CLASS = re.compile(rb"^class\s+(\w+)\s*\(", re.MULTILINE)


class NamedRelations:
    """Answers by name; empty where no relation is called so, or several are that lead to different records."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._memo: dict[tuple[str, str], str] = {}
        self._backwards: dict[str, set[str]] | None = None

    def of(self, name: str, file: str) -> str:
        """The kind of record to which all relations of a name lead in the language of a file."""
        language = self.model.program.language(file)
        if (language, name) not in self._memo:
            kinds = self._eloquent(name) if language == "php" else self._back().get(name, set()) if language == "python" else set()
            self._memo[language, name] = next(iter(kinds)) if len(kinds) == 1 else ""
        return self._memo[language, name]

    def _eloquent(self, name: str) -> set[str]:
        program = self.model.program
        found = (fn for fn in program.functions_by_name.get(name, ()) if program.language(fn.file) == "php")
        return {self._led_to(fn) for fn in found}

    def _led_to(self, fn: Fn) -> str:
        """The class that a method relates its own to; empty where it does anything else."""
        body = self.model.program.body(fn)
        calls = [i for i, op in enumerate(body.op) if op == Op.CALL and body.called(i).lower() in RELATES]
        for _, row in body.call(calls[0])[1][:1] if len(calls) == 1 else []:
            for option in options(self.model.evaluator.value(fn, row)):
                meant = option.base if isinstance(option, Member) and option.name == "class" else option
                if isinstance(meant, ClassV):
                    return entity(self.model.program.cls(meant.cls).name)
                if isinstance(meant, External):
                    return entity(meant.name.removesuffix(".class"))
        return ""

    def _back(self) -> dict[str, set[str]]:
        """By the name under which a foreign key of Django's is asked the other way round, the models that have such a key."""
        if self._backwards is None:
            self._backwards = {}
            for path in self.model.program.mentioning("related_name"):
                if self.model.program.language(path) != "python":
                    continue
                source = self.model.program.sources[path]
                classes = [(m.start(), m[1].decode()) for m in _CLASS.finditer(source)]
                for told in _BACK.finditer(source):
                    holder = next((c for at, c in reversed(classes) if at < told.start()), "")
                    self._backwards.setdefault(told[1].decode(), set()).add(entity(holder))
        return self._backwards
